//! Packs the scenarios of `static/scenarios` into the page: one list, in order of level and name,
//! without the spaces of the files.

use serde_json::Value;
use std::path::Path;
use std::{env, fs};

fn main() {
    let folder = "../static/scenarios";
    println!("cargo::rerun-if-changed={folder}");
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).expect("the scenarios are there") {
        let path = entry.expect("the folder is readable").path();
        if path.extension().is_some_and(|end| end == "json") {
            let text = fs::read_to_string(&path).expect("a scenario is readable");
            let file: Value = serde_json::from_str(&text)
                .unwrap_or_else(|why| panic!("{}: {why}", path.display()));
            let id = file["id"]
                .as_str()
                .expect("a scenario has an id")
                .to_string();
            all.push((file["level"].as_u64(), id, file.to_string()));
        }
    }
    all.sort();
    let lines = all
        .iter()
        .map(|(_, id, text)| format!("({id:?}, {text:?}),"));
    let list = format!("&[{}]", lines.collect::<String>());
    let out = env::var("OUT_DIR").expect("cargo names the folder");
    fs::write(Path::new(&out).join("scenarios.rs"), list).expect("the folder is writable");
}
