//! WASI, as far as the programs use it.

wit_bindgen::generate!({
    path: ["../../wit/deps/wasi-io", "wit"],
    world: "innkeeper:programs/wasi",
    generate_all,
});
