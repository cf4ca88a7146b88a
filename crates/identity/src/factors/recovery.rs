//! Recovery codes: ten, each good once, shown when they are made and never again. 80 random bits each, so SHA-256 keeps them.

use kernel::db::{OrgTx, system};
use kernel::ids::UserId;
use shell::AppError;

use super::totp::base32;
use crate::{Identity, secrets};

/// How many are made at a time.
const COUNT: usize = 10;

/// Makes a person's codes anew; those before do not work any more.
pub(crate) async fn renew(tx: &mut OrgTx, user: UserId) -> Result<Vec<String>, AppError> {
    let codes = (0..COUNT).map(|_| fresh()).collect::<Result<Vec<_>, _>>()?;
    let hashes: Vec<Vec<u8>> = codes.iter().map(|code| hash(code)).collect();
    let now = tx.clock().now();
    system::set_recovery_codes(tx, user, &hashes, now).await?;
    Ok(codes)
}

/// Uses a code up, however it is typed.
pub(crate) async fn take(identity: &Identity, user: UserId, typed: &str) -> Result<bool, AppError> {
    let kernel = identity.kernel();
    Ok(system::use_recovery_code(&kernel.db, user, &hash(typed), kernel.clock.now()).await?)
}

/// `abcd-efgh-ijkl-mnop`.
fn fresh() -> Result<String, AppError> {
    let letters = base32(&secrets::random::<10>()?).to_lowercase();
    let groups: Vec<&str> = [0, 4, 8, 12].into_iter().filter_map(|at| letters.get(at..at + 4)).collect();
    Ok(groups.join("-"))
}

fn hash(typed: &str) -> Vec<u8> {
    let letters: String = typed.chars().filter(char::is_ascii_alphanumeric).collect();
    secrets::hash(&format!("recovery code {}", letters.to_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_the_same_however_it_is_typed() {
        let code = fresh().expect("randomness");
        assert_eq!((code.len(), code.matches('-').count()), (19, 3), "{code}");
        assert_ne!(code, fresh().expect("randomness"));
        for typed in [code.to_uppercase(), code.replace('-', ""), format!(" {} ", code.replace('-', " "))] {
            assert_eq!(hash(&typed), hash(&code), "{typed}");
        }
        assert_ne!(hash(&code[..18]), hash(&code));
    }
}
