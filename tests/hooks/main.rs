//! The hooks in etc/hooks, each run by the system's sh and by the router's (busybox), over programs that record how they
//! are called. Nothing but those and a few tools is in PATH.

/// Each of these functions is two tests: over the system's sh, and over busybox.
macro_rules! in_both_shells {
    ($($name:ident)*) => {
        mod system {
            $(#[test]
            fn $name() {
                super::$name(&crate::rig::Rig::new(crate::rig::Shell::System));
            })*
        }
        mod busybox {
            $(#[test]
            #[ignore = "needs busybox"]
            fn $name() {
                super::$name(&crate::rig::Rig::new(crate::rig::Shell::Busybox));
            })*
        }
    };
}

mod configuration;
mod firmware;
mod idle;
mod others;
mod rig;
mod units;
