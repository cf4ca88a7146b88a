"""An identity provider made of pysaml2, for the test of crates/identity/tests/web/saml_provider.rs.

Prints "ready ADDRESS" and serves until its standard input ends.

GET  /metadata   its metadata
POST /sp         takes the metadata of the service provider
GET  /sso        takes an AuthnRequest (HTTP-Redirect) and answers with the page that posts the response. The header
                 X-Mode says how to answer: assertion, response or both (what is signed), other-key, sha1, encrypted,
                 unsolicited
"""

import datetime
import http.server
import html
import os
import sys
import tempfile
import threading
import urllib.parse

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from saml2 import BINDING_HTTP_REDIRECT, server
from saml2.authn_context import PASSWORD
from saml2.config import IdPConfig
from saml2.metadata import entity_descriptor
from saml2.saml import NAMEID_FORMAT_PERSISTENT, NameID
from saml2.xmldsig import DIGEST_SHA1, DIGEST_SHA256, SIG_RSA_SHA1, SIG_RSA_SHA256

FOLDER = tempfile.TemporaryDirectory()
PERSON = {
    "mail": ["ada@acme.example"],
    "displayName": ["Ada Byron"],
    "isMemberOf": ["Support", "Sales & Co"],
}


def make_key(name):
    """Writes a key and a certificate for it."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, f"{name} (test)")])
    now = datetime.datetime.now(datetime.timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=365))
        .sign(key, hashes.SHA256())
    )
    paths = [os.path.join(FOLDER.name, name + end) for end in (".key.pem", ".cert.pem")]
    with open(paths[0], "wb") as file:
        file.write(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
    with open(paths[1], "wb") as file:
        file.write(certificate.public_bytes(serialization.Encoding.PEM))
    return paths


KEYS = {name: make_key(name) for name in ("idp", "other")}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    sp_metadata = None

    def config(self, key="idp"):
        address = f"http://127.0.0.1:{self.server.server_port}"
        settings = {
            "entityid": f"{address}/metadata",
            "key_file": KEYS[key][0],
            "cert_file": KEYS[key][1],
            "service": {
                "idp": {
                    "endpoints": {"single_sign_on_service": [(f"{address}/sso", BINDING_HTTP_REDIRECT)]},
                    "policy": {
                        "default": {
                            "attribute_restrictions": None,
                            "name_form": "urn:oasis:names:tc:SAML:2.0:attrname-format:uri",
                        }
                    },
                }
            },
        }
        if Handler.sp_metadata:
            settings["metadata"] = {"inline": [Handler.sp_metadata]}
        return IdPConfig().load(settings)

    def do_GET(self):
        parts = urllib.parse.urlsplit(self.path)
        if parts.path == "/metadata":
            return self.answer("application/samlmetadata+xml", str(entity_descriptor(self.config())))
        if parts.path == "/sso":
            return self.sign_in(dict(urllib.parse.parse_qsl(parts.query)), self.headers.get("X-Mode", "assertion"))
        return self.answer("text/plain", "not here", 404)

    def do_POST(self):
        length = int(self.headers.get("Content-Length", 0))
        Handler.sp_metadata = self.rfile.read(length).decode()
        return self.answer("text/plain", "thanks")

    def sign_in(self, query, mode):
        idp = server.Server(config=self.config("other" if mode == "other-key" else "idp"))
        # Raises when the request is not one that pysaml2 can read, or names an ACS that the metadata does not.
        request = idp.parse_authn_request(query["SAMLRequest"], BINDING_HTTP_REDIRECT)
        reply = idp.response_args(request.message)
        subject = request.message.issuer.text
        response = idp.create_authn_response(
            PERSON,
            in_response_to=None if mode == "unsolicited" else reply["in_response_to"],
            destination=reply["destination"],
            sp_entity_id=reply["sp_entity_id"],
            name_id=NameID(format=NAMEID_FORMAT_PERSISTENT, text="pairwise-7f3a", sp_name_qualifier=subject),
            authn={"class_ref": PASSWORD, "authn_auth": f"http://127.0.0.1:{self.server.server_port}"},
            sign_assertion=mode != "response",
            sign_response=mode in ("response", "both"),
            sign_alg=SIG_RSA_SHA1 if mode == "sha1" else SIG_RSA_SHA256,
            digest_alg=DIGEST_SHA1 if mode == "sha1" else DIGEST_SHA256,
            encrypt_assertion=mode == "encrypted",
            encrypt_cert_assertion=open(KEYS["idp"][1]).read() if mode == "encrypted" else None,
        )
        page = idp.apply_binding(
            "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST",
            str(response),
            reply["destination"],
            query.get("RelayState", ""),
            response=True,
        )
        return self.answer("text/html", page["data"] if isinstance(page["data"], str) else html.escape(str(page)))

    def answer(self, kind, text, status=200):
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def main():
    listener = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=listener.serve_forever, daemon=True).start()
    print(f"ready http://127.0.0.1:{listener.server_port}", flush=True)
    sys.stdin.read()


main()
