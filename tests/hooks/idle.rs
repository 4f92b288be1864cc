//! idle: by load average and WAN traffic.

use crate::rig::Rig;

in_both_shells! {
    a_quiet_device_is_idle
    load_counts_for_each_processor
    traffic_of_all_default_routes_counts
    a_counter_that_begins_anew_is_traffic
}

const ROUTES: &str =
    "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT
eth1\t00000000\t0101A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0
br-lan\t0001A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
";
const ROUTES6: &str = "00000000000000000000000000000000 00 00000000000000000000000000000000 00 fe800000000000000000000000000001 00000200 00000000 00000000 00000003 pppoe-wan
00000000000000000000000000000000 00 00000000000000000000000000000000 00 00000000000000000000000000000000 ffffffff 00000001 00000000 00200200       lo
";

/// A device with so many processors, this load, and counters of eth1, pppoe-wan and br-lan before and after.
fn device(rig: &Rig, processors: usize, load: &str, before: [u64; 3], after: [u64; 3]) {
    let processor = |number| format!("processor\t\t: {number}\ncpu model\t\t: MIPS 24Kc\n\n");
    let text: String = (0..processors).map(processor).collect();
    rig.write("proc/cpuinfo", format!("system type\t\t: MT7628\n{text}"));
    rig.write("proc/loadavg", format!("{load} 9.00 9.00 1/50 1234\n"));
    rig.write("proc/net/route", ROUTES);
    rig.write("proc/net/ipv6_route", ROUTES6);
    // Half of it received, half of it sent; and with a large number there is no blank before it.
    let counters = |[eth, ppp, lan]: [u64; 3]| {
        let line = |name, bytes: u64| {
            let half = bytes / 2;
            format!(
                "{name}:{half} 9 0 0 0 0 0 0 {} 9 0 0 0 0 0 0\n",
                bytes - half
            )
        };
        let lines = [
            line("  eth1", eth),
            line("pppoe-wan", ppp),
            line("br-lan", lan),
            line("lo", lan),
        ];
        format!("Inter-|   Receive\n face |bytes\n{}", lines.concat())
    };
    rig.write("proc/net/dev", counters(before));
    let later = rig.write("later", counters(after));
    rig.on("sleep", &format!("cat '{later}' >\"$root/proc/net/dev\""));
}

fn a_quiet_device_is_idle(rig: &Rig) {
    let large = 5_000_000_000_000;
    device(
        rig,
        1,
        "0.49",
        [large, 0, 0],
        [large + 40_000, 9_000, 9_000_000],
    );
    rig.run("idle", &[]).well();
    assert_eq!(rig.calls(), [["sleep", "3"]]);
    // Without IPv6, and without a way out at all.
    std::fs::remove_file(rig.path("proc/net/ipv6_route")).expect("the file");
    rig.run("idle", &[]).well();
    device(rig, 1, "0.00", [0; 3], [9_000_000; 3]);
    rig.write("proc/net/route", "Iface\tDestination\n");
    rig.write("proc/net/ipv6_route", "");
    rig.run("idle", &[]).well();
}

fn load_counts_for_each_processor(rig: &Rig) {
    for (processors, load, idle) in [
        (1, "0.50", false),
        (4, "1.99", true),
        (4, "2.00", false),
        (4, "11.00", false),
        // An architecture that names none.
        (0, "0.49", true),
        (0, "0.51", false),
    ] {
        device(rig, processors, load, [0; 3], [0; 3]);
        let ended = rig.run("idle", &[]);
        match idle {
            true => assert_eq!(ended.well(), ""),
            false => ended.says(1, "load average"),
        }
    }
}

fn traffic_of_all_default_routes_counts(rig: &Rig) {
    for after in [[49_152, 0, 0], [0, 49_152, 0], [30_000, 30_000, 0]] {
        device(rig, 1, "0.00", [0; 3], after);
        rig.run("idle", &[]).says(1, "the WAN moves");
    }
    device(rig, 1, "0.00", [0; 3], [24_000, 25_000, 0]);
    rig.run("idle", &[]).well();
}

fn a_counter_that_begins_anew_is_traffic(rig: &Rig) {
    device(rig, 1, "0.00", [9_000_000, 0, 0], [10, 0, 0]);
    rig.run("idle", &[]).says(1, "the WAN moves");
}
