//! Bytes as letters that an address may have: six bits a letter (RFC 4648, section 5, unpadded).

const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The letters of some bytes.
pub fn write(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let byte = |at: usize| u32::from(group.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for at in 0..=group.len() {
            let place = (bits >> (18 - 6 * at)) & 63;
            text.push(char::from(LETTERS[place as usize]));
        }
    }
    text
}

/// The bytes of some letters; `None` where there are others, or too few.
pub fn read(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() * 3 / 4);
    for group in text.as_bytes().chunks(4) {
        let mut bits = 0;
        for letter in group {
            let place = LETTERS.iter().position(|one| one == letter)?;
            bits = bits << 6 | place as u32;
        }
        bits <<= 6 * (4 - group.len());
        let count = group.len().checked_sub(1).filter(|count| *count > 0)?;
        bytes.extend((0..count).map(|at| (bits >> (16 - 8 * at)) as u8));
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_back() {
        for length in 0..70u8 {
            let bytes: Vec<u8> = (0..length).map(|n| n.wrapping_mul(37)).collect();
            assert_eq!(read(&write(&bytes)), Some(bytes));
        }
        assert_eq!(write(b"Man"), "TWFu");
        assert_eq!(write(b"Ma"), "TWE");
        assert_eq!(read("T"), None);
        assert_eq!(read("T=Fu"), None);
    }
}
