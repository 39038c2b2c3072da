//! Small damage to well-formed bytes, drawn from a seed: the same on every machine.

/// A stream of numbers (splitmix64).
#[derive(Clone, Debug)]
pub struct Luck(u64);

impl Luck {
    /// The stream of a seed.
    #[must_use]
    pub fn new(seed: u64) -> Luck {
        Luck(seed)
    }

    /// The next number.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`, which is at least 1.
    pub fn below(&mut self, end: usize) -> usize {
        (self.bits() % end as u64) as usize
    }
}

/// Numbers that decoders stumble over, as bytes of either end.
const EDGES: [u64; 9] = [
    0,
    1,
    0x7f,
    0x80,
    0xffff,
    0x7fff_ffff,
    0xffff_ffff,
    u64::MAX >> 1,
    u64::MAX,
];

/// One input: a sample with one to four damages, now and then with a piece of another sample.
#[must_use]
pub fn mutate(samples: &[Vec<u8>], luck: &mut Luck) -> Vec<u8> {
    let mut bytes = samples[luck.below(samples.len())].clone();
    for _ in 0..=luck.below(4) {
        damage(&mut bytes, samples, luck);
    }
    bytes
}

fn damage(bytes: &mut Vec<u8>, samples: &[Vec<u8>], luck: &mut Luck) {
    let at = luck.below(bytes.len() + 1);
    match luck.below(10) {
        0 => bytes.truncate(at),
        1 => bytes.insert(at, luck.bits() as u8),
        2 => {
            let other = &samples[luck.below(samples.len())];
            let from = luck.below(other.len() + 1);
            let to = (from + luck.below(64)).min(other.len());
            bytes.splice(at..at, other[from..to].iter().copied());
        }
        3 => {
            let to = (at + luck.below(16)).min(bytes.len());
            bytes.drain(at..to);
        }
        4 => {
            let to = (at + luck.below(32)).min(bytes.len());
            let again: Vec<u8> = bytes[at..to].to_vec();
            bytes.splice(at..at, again);
        }
        5 | 6 => {
            let edge = EDGES[luck.below(EDGES.len())].to_le_bytes();
            let width = [1, 2, 4, 8][luck.below(4)];
            for (byte, edge) in bytes.iter_mut().skip(at).zip(&edge[..width]) {
                *byte = *edge;
            }
        }
        _ => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1 << luck.below(8);
            }
        }
    }
}
