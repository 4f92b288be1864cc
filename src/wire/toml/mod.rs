//! TOML 1.1 from and to plain data.
//!
//! Our own, because `toml` takes 80 KB on mipsel even without serde, where this takes a tenth; tests compare the two.

mod read;
mod scalar;
mod write;

pub use read::parse;
pub use write::text;

#[cfg(test)]
mod tests;
