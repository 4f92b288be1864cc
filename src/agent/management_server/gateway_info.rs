//! The parameters of `Device.GatewayInfo.`

use super::spec::{BASE, Spec};
use crate::datamodel::Notify;

/// TR-181 2.17 `GatewayInfo.`
pub(super) static TABLE: &[Spec] = &[
    text("ManufacturerOUI", 6),
    text("ProductClass", 64),
    text("SerialNumber", 64),
];

const fn text(name: &'static str, max: u64) -> Spec {
    Spec {
        name,
        max: Some(max),
        notify: Notify::ForceDefaultEnabled,
        ..BASE
    }
}
