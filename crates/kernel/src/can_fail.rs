//! Names a failure that is deliberately survived, so that no `let _ =` hides one.

use std::fmt::Display;

/// Logs an error that must not stop the caller, with the reason it may be survived.
pub trait CanFail<T> {
    /// Turns the result into an option; an error is logged under `what` and dropped.
    fn can_fail(self, what: &'static str) -> Option<T>;
}

impl<T, E: Display> CanFail<T> for Result<T, E> {
    fn can_fail(self, what: &'static str) -> Option<T> {
        match self {
            Ok(value) => Some(value),
            Err(error) => {
                tracing::warn!(what, error = %error, "survived a failure");
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_value_and_drops_the_error() {
        assert_eq!(Ok::<_, String>(3).can_fail("counting"), Some(3));
        assert_eq!(Err::<i32, _>("no").can_fail("counting"), None);
    }
}
