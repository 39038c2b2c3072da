//! From a compiled program and `web/index.html` to the files of the page in `dist/`.
//!
//! Names carry a hash of the content, except for `index.html` and what the page asks to copy; all
//! addresses are relative, so the page works under any path. Next to every file that shrinks lies
//! a `.gz`, unless functions keep their names. Files that are right already are not written again,
//! so their times say when the page changed; files that do not belong to the page are removed.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use wasm_bindgen_cli_support::{Bindgen, Output};

use crate::html::{self, Directive, Kind};
use crate::shrink;

/// The first part of the names of the program's files.
const NAME: &str = "raftwerk";

/// How often the packing is tried again: more gains nothing.
const EFFORT: NonZeroU64 = NonZeroU64::new(5).expect("above zero");

/// Into how many pieces of their own statistics a file may be taken apart.
const SPLITS: u16 = 60;

/// The sources of the bundler: a page made by another bundler is out of date.
const BUNDLER: &str = concat!(
    include_str!("bundle.rs"),
    include_str!("html.rs"),
    include_str!("shrink.rs")
);

/// What a page is made of, and where it goes.
pub struct Bundle<'a> {
    /// The compiled program.
    pub wasm: &'a Path,
    /// The page with its directives.
    pub index: &'a Path,
    /// The folder of the finished page; everything in it belongs to the bundler.
    pub dist: &'a Path,
    /// Remembers what the last bundle was made of.
    pub stamp: &'a Path,
    /// Whether functions keep their names, for readable stack traces.
    pub names: bool,
}

/// A file of the page: its name below `dist/` and its content.
type Files = BTreeMap<String, Vec<u8>>;

impl Bundle<'_> {
    /// Makes the page unless it is up to date; true if anything was made.
    pub fn run(&self) -> Result<bool> {
        let page = read_text(self.index)?;
        let directives = html::directives(&page)?;
        let mut sources = self.sources(&directives)?;
        let program = read(self.wasm)?;
        let key = format!("{} {}", key(&page, &program, &sources), self.names);
        if fs::read_to_string(self.stamp).is_ok_and(|stamp| stamp == stamp_of(&key, self.dist)) {
            return Ok(false);
        }
        if !self.names {
            shrink_sheets(&mut sources)?;
        }
        let mut files = program_files(&program, self.names)?;
        let page = finish(&page, &directives, &sources, &mut files)?;
        files.insert("index.html".to_owned(), page.into_bytes());
        // Packing takes seconds: a page that is worked on goes without.
        write_all(self.dist, files, !self.names)?;
        write_changed(self.stamp, stamp_of(&key, self.dist).as_bytes())?;
        Ok(true)
    }

    /// The files that the directives name, by path as written; the program is not among them.
    fn sources(&self, directives: &[Directive]) -> Result<Files> {
        let folder = self.index.parent().context("index.html lies nowhere")?;
        let mut sources = Files::new();
        for directive in directives {
            let path = folder.join(&directive.href);
            match directive.kind {
                Kind::Rust => {}
                Kind::CopyDir => add_folder(&path, &directive.href, &mut sources)?,
                Kind::Css | Kind::Icon | Kind::CopyFile => {
                    sources.insert(directive.href.clone(), read(&path)?);
                }
            }
        }
        Ok(sources)
    }
}

/// The program as the browser wants it: one module of JavaScript, the wasm, maybe snippets.
fn program_files(program: &[u8], names: bool) -> Result<Files> {
    let mut bindgen = Bindgen::new();
    bindgen
        .input_bytes(NAME, program.to_vec())
        .web(true)?
        .typescript(false);
    bindgen
        .remove_name_section(!names)
        .remove_producers_section(true);
    let mut output = bindgen.generate_output().context("wasm-bindgen")?;
    let js = match names {
        true => output.js().to_owned(),
        false => shorten(&mut output)?,
    };
    let wasm = output.wasm_mut().emit_wasm();
    let wasm_name = hashed(&format!("{NAME}_bg"), "wasm", &wasm);
    let js = js.replace(&format!("{NAME}_bg.wasm"), &wasm_name);
    let mut files = Files::new();
    for (module, content) in output.local_modules() {
        files.insert(format!("snippets/{module}"), content.clone().into_bytes());
    }
    for (identifier, list) in output.snippets() {
        for (index, content) in list.iter().enumerate() {
            let name = format!("snippets/{identifier}/inline{index}.js");
            files.insert(name, content.clone().into_bytes());
        }
    }
    ensure!(
        output.npm_dependencies().is_empty(),
        "the program wants npm packages"
    );
    files.insert(hashed(NAME, "js", js.as_bytes()), js.into_bytes());
    files.insert(wasm_name, wasm);
    Ok(files)
}

/// Gives the program's imports shorter names, and returns the JavaScript that knows these.
fn shorten(output: &mut Output) -> Result<String> {
    let mut js = output.js().to_owned();
    let imports = || output.wasm().imports.iter();
    let long: Vec<String> = imports().map(|import| import.name.clone()).collect();
    let short = shrink::names(&long);
    for (long, short) in long
        .iter()
        .zip(&short)
        .filter(|(long, short)| long != short)
    {
        let found = js.matches(long.as_str()).count();
        ensure!(found == 1, "{long} stands in the JavaScript {found} times");
        js = js.replace(long.as_str(), short);
    }
    let imports = output.wasm_mut().imports.iter_mut();
    for (import, short) in imports.zip(short) {
        import.name = short;
    }
    shrink::js(&js)
}

/// Takes out of the style sheets what nobody needs.
fn shrink_sheets(sources: &mut Files) -> Result<()> {
    for (path, content) in sources {
        if path.ends_with(".css") {
            let text = std::str::from_utf8(content).with_context(|| path.clone())?;
            *content = shrink::css(text).into_bytes();
        }
    }
    Ok(())
}

/// Puts the finished tags in the place of the directives, and their files among the files.
fn finish(
    page: &str,
    directives: &[Directive],
    sources: &Files,
    files: &mut Files,
) -> Result<String> {
    let program = |extension: &str| {
        let mut names = files.keys().filter(|name| !name.contains('/'));
        names
            .find(|name| name.ends_with(extension))
            .cloned()
            .context("a program file is missing")
    };
    let (js, wasm) = (program(".js")?, program(".wasm")?);
    let mut finished = String::with_capacity(page.len() + 1024);
    let mut at = 0;
    for directive in directives {
        finished.push_str(&page[at..directive.span.start]);
        at = directive.span.end;
        let name = file_name(&directive.href)?;
        match directive.kind {
            Kind::Rust => finished.push_str(&start_tags(&js, &wasm)),
            Kind::Css | Kind::Icon => {
                let content = &sources[&directive.href];
                let (stem, extension) = name.rsplit_once('.').context("a file without a type")?;
                let name = hashed(stem, extension, content);
                let rel = if directive.kind == Kind::Css {
                    "stylesheet"
                } else {
                    "icon"
                };
                write!(finished, "<link rel=\"{rel}\" href=\"./{name}\"")?;
                if let Some(media_type) = &directive.media_type {
                    write!(finished, " type=\"{media_type}\"")?;
                }
                finished.push('>');
                files.insert(name, content.clone());
            }
            Kind::CopyFile => {
                files.insert(name.to_owned(), sources[&directive.href].clone());
            }
            Kind::CopyDir => {
                let prefix = format!("{}/", directive.href);
                for (path, content) in sources.range(prefix.clone()..) {
                    let Some(inside) = path.strip_prefix(&prefix) else {
                        break;
                    };
                    files.insert(format!("{name}/{inside}"), content.clone());
                }
            }
        }
    }
    finished.push_str(&page[at..]);
    Ok(finished)
}

/// The tags that fetch both halves of the program at once and start it. The event is the one that
/// Trunk's pages send, because the page listens for it.
fn start_tags(js: &str, wasm: &str) -> String {
    format!(
        r#"<link rel="modulepreload" href="./{js}">
    <link rel="preload" href="./{wasm}" as="fetch" type="application/wasm" crossorigin>
    <script type="module">
      import init from "./{js}";
      const wasm = await init({{ module_or_path: "./{wasm}" }});
      dispatchEvent(new CustomEvent("TrunkApplicationStarted", {{ detail: {{ wasm }} }}));
    </script>"#
    )
}

/// Writes the files and, if they are to be packed, their `.gz`, the page last, and removes
/// everything else.
fn write_all(dist: &Path, files: Files, pack: bool) -> Result<()> {
    let mut wanted = Files::new();
    for (name, content) in files {
        let small = if pack {
            compressed(&name, &content)?
        } else {
            None
        };
        if let Some(small) = small {
            wanted.insert(format!("{name}.gz"), small);
        }
        wanted.insert(name, content);
    }
    let (page, rest): (Vec<_>, Vec<_>) = wanted
        .iter()
        .partition(|(name, _)| name.starts_with("index.html"));
    for (name, content) in rest.into_iter().chain(page) {
        write_changed(&dist.join(name), content)?;
    }
    for (name, path) in list(dist)? {
        if !wanted.contains_key(&name) {
            fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        }
    }
    Ok(())
}

/// The content after gzip, if the file is of a kind that shrinks and it does.
fn compressed(name: &str, content: &[u8]) -> Result<Option<Vec<u8>>> {
    const KINDS: [&str; 9] = [
        "html",
        "css",
        "js",
        "wasm",
        "json",
        "svg",
        "txt",
        "md",
        "webmanifest",
    ];
    let Some((_, extension)) = name.rsplit_once('.') else {
        return Ok(None);
    };
    if !KINDS.contains(&extension) {
        return Ok(None);
    }
    let effort = zopfli::Options {
        iteration_count: EFFORT,
        maximum_block_splits: SPLITS,
        ..zopfli::Options::default()
    };
    let mut small = Vec::new();
    zopfli::compress(effort, zopfli::Format::Gzip, content, &mut small)?;
    Ok((small.len() < content.len()).then_some(small))
}

/// All files below a folder by name, with `/` between the parts; none if there is no folder.
pub fn list(folder: &Path) -> Result<BTreeMap<String, PathBuf>> {
    let mut found = BTreeMap::new();
    let mut open = vec![(String::new(), folder.to_path_buf())];
    while let Some((prefix, folder)) = open.pop() {
        if !folder.exists() {
            continue;
        }
        let entries = fs::read_dir(&folder).with_context(|| folder.display().to_string())?;
        for entry in entries {
            let entry = entry?;
            let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
            if entry.file_type()?.is_dir() {
                open.push((format!("{name}/"), entry.path()));
            } else {
                found.insert(name, entry.path());
            }
        }
    }
    Ok(found)
}

fn add_folder(folder: &Path, href: &str, sources: &mut Files) -> Result<()> {
    if !folder.is_dir() {
        bail!("index.html names {href}, which is no folder");
    }
    for (name, path) in list(folder)? {
        sources.insert(format!("{href}/{name}"), read(&path)?);
    }
    Ok(())
}

/// Says what the page in `dist` was made of, and what is there: a touched file is out of date.
fn stamp_of(key: &str, dist: &Path) -> String {
    let mut stamp = format!("{key}\n");
    for (name, path) in list(dist).unwrap_or_default() {
        let about = fs::metadata(path).ok();
        let len = about.as_ref().map_or(0, fs::Metadata::len);
        let time = about.and_then(|about| about.modified().ok());
        // Writing to a string cannot fail.
        let _ = writeln!(stamp, "{name} {len} {time:?}");
    }
    stamp
}

fn key(page: &str, program: &[u8], sources: &Files) -> String {
    let mut hash = Fnv::new();
    hash.add(BUNDLER.as_bytes());
    hash.add(page.as_bytes());
    hash.add(program);
    for (path, content) in sources {
        hash.add(path.as_bytes());
        hash.add(content);
    }
    format!("{:016x}", hash.0)
}

fn hashed(stem: &str, extension: &str, content: &[u8]) -> String {
    let mut hash = Fnv::new();
    hash.add(content);
    format!("{stem}-{:016x}.{extension}", hash.0)
}

/// FNV-1a: tells contents apart for names and stamps; nothing here needs protection from malice.
struct Fnv(u64);

impl Fnv {
    fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    /// Adds a piece and its length, so that pieces cannot run into each other.
    fn add(&mut self, piece: &[u8]) {
        for byte in (piece.len() as u64).to_le_bytes().iter().chain(piece) {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
}

fn file_name(href: &str) -> Result<&str> {
    href.rsplit('/')
        .next()
        .filter(|name| !name.is_empty())
        .context("an empty file name")
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

fn read_text(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

/// Writes a file, through a neighbour so that no reader sees half of it, unless it is right
/// already.
fn write_changed(path: &Path, content: &[u8]) -> Result<()> {
    if fs::read(path).is_ok_and(|old| old == content) {
        return Ok(());
    }
    let folder = path.parent().context("a file without a folder")?;
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let mut neighbour = path.as_os_str().to_owned();
    neighbour.push(format!(".{}.tmp", std::process::id()));
    fs::write(&neighbour, content)
        .and_then(|()| fs::rename(&neighbour, path))
        .with_context(|| format!("cannot write {}", path.display()))
}
