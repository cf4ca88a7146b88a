// A real OpenID provider (npm oidc-provider) for one test: one client, its own interaction pages, ES256 and RS256 keys made at
// the start. It ends when its standard input closes.
//
// node serve.mjs REDIRECT_URI ALG → prints "ready ISSUER"

import { generateKeyPair } from 'node:crypto';
import { createServer } from 'node:http';
import { promisify } from 'node:util';
import { Provider } from 'oidc-provider';

const [redirectUri, alg] = process.argv.slice(2);
const generate = promisify(generateKeyPair);

async function key(kid, use, kind, options) {
  const { privateKey } = await generate(kind, options);
  return { ...privateKey.export({ format: 'jwk' }), kid, alg: use, use: 'sig' };
}

const keys = [
  await key('rsa-1', 'RS256', 'rsa', { modulusLength: 2048 }),
  await key('pss-1', 'PS256', 'rsa', { modulusLength: 2048 }),
  await key('ec-1', 'ES256', 'ec', { namedCurve: 'P-256' }),
  await key('ed-1', 'EdDSA', 'ed25519', {}),
];

// Whoever logs in as `nia` is Nia; other names are nobody's.
const accounts = new Map([
  ['nia', { email: 'nia@acme.example', email_verified: true, name: 'Nia Newcomer', groups: ['desk', 'recoup-admins'] }],
  ['eve', { email: 'eve@elsewhere.example', email_verified: true, name: 'Eve Elsewhere', groups: [] }],
]);

const configuration = {
  clients: [{
    client_id: 'recoup',
    client_secret: 'a secret of this test alone, with: odd/characters',
    redirect_uris: [redirectUri],
    response_types: ['code'],
    grant_types: ['authorization_code'],
    id_token_signed_response_alg: alg,
  }],
  jwks: { keys },
  enabledJWA: { idTokenSigningAlgValues: ['RS256', 'PS256', 'ES256', 'EdDSA'] },
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name', 'groups'] },
  cookies: { keys: ['of this test alone'] },
  pkce: { required: () => true },
  features: { devInteractions: { enabled: true } },
  async findAccount(_, id) {
    const claims = accounts.get(id);
    return claims && { accountId: id, claims: () => ({ sub: id, ...claims }) };
  },
};

const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  server.on('request', new Provider(issuer, configuration).callback());
  console.log(`ready ${issuer}`);
});
process.stdin.on('end', () => process.exit(0)).resume();
