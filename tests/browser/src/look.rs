//! How a page is looked at: on a phone or at a desk, by day or by night.

use serde_json::{Value, json};

/// A width and a colour scheme.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// CSS pixels.
    pub width: u32,
    /// Whether the system asks for dark colours.
    pub dark: bool,
}

impl Look {
    /// A desk by day.
    pub const DESK: Self = Self { width: 1440, dark: false };
    /// The narrowest phone and a wide desk, each light and dark.
    pub const ALL: [Self; 4] = [
        Self { width: 360, dark: false },
        Self { width: 360, dark: true },
        Self::DESK,
        Self { width: 1440, dark: true },
    ];

    /// The parameters of `Emulation.setDeviceMetricsOverride`.
    pub(crate) fn metrics(self) -> Value {
        json!({ "width": self.width, "height": 900, "deviceScaleFactor": 1, "mobile": self.width < 600 })
    }

    /// The parameters of `Emulation.setEmulatedMedia`.
    pub(crate) fn media(self) -> Value {
        let scheme = if self.dark { "dark" } else { "light" };
        json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] })
    }
}

impl std::fmt::Display for Look {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} px, {}", self.width, if self.dark { "dark" } else { "light" })
    }
}
