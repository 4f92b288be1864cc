//! `cwmpd`, or `cwmp` when called by that name or as `cwmpd ctl …`.

use std::process::ExitCode;

#[cfg(target_env = "musl")]
mod heap {
    use spinning_top::RawSpinlock;
    use std::alloc::System;
    use talc::TalcLock;
    use talc::source::GlobalAllocSource;

    /// What the system gives at a time, and gets back when all of it is free.
    const BLOCK: usize = 64 * 1024;

    #[global_allocator]
    static HEAP: TalcLock<RawSpinlock, GlobalAllocSource<System>> =
        TalcLock::new(GlobalAllocSource::with_block_size(System, BLOCK));
}

fn main() -> ExitCode {
    cwmpd::control::main()
}
