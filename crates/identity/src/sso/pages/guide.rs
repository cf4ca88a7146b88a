//! What to enter where, at the providers most organisations have.

use crate::sso::oidc::Brand;

/// The steps at a provider, with code in backquotes.
pub(super) const fn steps(brand: Brand) -> &'static [&'static str] {
    match brand {
        Brand::Okta => &[
            "In the Okta admin console open Applications, choose Create App Integration, then OIDC and Web Application.",
            "Enter the address above as the sign-in redirect URI; the grant type is Authorization Code.",
            "Assign the people or groups, then copy the client ID and the client secret to the form below.",
            "The issuer is your Okta address, such as `https://acme.okta.com`, or that of your authorization server.",
            "For roles by group add a groups claim named `groups` to the ID token (application, Sign On, Claims).",
        ],
        Brand::Entra => &[
            "In the Entra admin center open App registrations and choose New registration, for this directory only.",
            "Enter the address above as a redirect URI of the platform Web.",
            "Under Certificates & secrets make a client secret and copy its value, not its id.",
            "The client ID is the Application (client) ID; the issuer is `https://login.microsoftonline.com/TENANT/v2.0` with your \
             Directory (tenant) ID.",
            "For roles by group add the groups claim under Token configuration; the groups arrive as object ids.",
        ],
        Brand::Google => &[
            "In the Google Cloud console open APIs & Services, Credentials, and create an OAuth client ID of the type Web application.",
            "Enter the address above as an authorised redirect URI.",
            "The consent screen may be Internal: then only your Workspace can sign in.",
            "The Workspace domain below is required; Google does not send groups, so the default role decides.",
        ],
        Brand::Other => &[
            "Register Recoup as a confidential web client with the authorization code flow, and the address above as its redirect URI.",
            "The issuer is the address before `/.well-known/openid-configuration`, letter by letter as that document says it.",
            "The ID token or userinfo has to tell `email`; for roles by group also a list of groups.",
        ],
    }
}

/// What an issuer looks like there.
pub(super) const fn issuer(brand: Brand) -> &'static str {
    match brand {
        Brand::Okta => "such as https://acme.okta.com",
        Brand::Entra => "https://login.microsoftonline.com/TENANT/v2.0",
        Brand::Google => "https://accounts.google.com",
        Brand::Other => "the address before /.well-known/openid-configuration",
    }
}
