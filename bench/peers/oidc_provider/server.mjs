// oidc-provider in production's settings: access tokens as ES256 JWTs for an API, opaque ones otherwise, rotation.
import { generateKeyPairSync } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { Provider } from "oidc-provider";
import pg from "pg";
import { adapterOn } from "./adapter.mjs";

const { PORT, DATABASE_SOCKET, DATABASE_NAME, DATABASE_USER, POOL, SECRET, TOKENS, PEOPLE } = process.env;
const API = "https://api.bench.test";
const SCOPES = "read write";
const [MINUTE, DAY] = [60, 24 * 60 * 60];

const pool = new pg.Pool({ host: DATABASE_SOCKET, database: DATABASE_NAME, user: DATABASE_USER, max: Number(POOL) });
const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const signing = { ...privateKey.export({ format: "jwk" }), alg: "ES256", use: "sig", kid: "bench" };

const provider = new Provider(`http://127.0.0.1:${PORT}`, {
  adapter: await adapterOn(pool),
  jwks: { keys: [signing] },
  cookies: { keys: [SECRET] },
  scopes: ["offline_access", ...SCOPES.split(" ")],
  clients: [
    {
      client_id: "portal",
      token_endpoint_auth_method: "none",
      grant_types: ["authorization_code", "refresh_token"],
      redirect_uris: ["https://portal.bench.test/callback"],
    },
    {
      client_id: "backoffice",
      client_secret: SECRET,
      grant_types: ["client_credentials"],
      redirect_uris: [],
      response_types: [],
      scope: SCOPES,
    },
  ],
  findAccount: (_context, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
  clientDefaults: { id_token_signed_response_alg: "ES256" },
  rotateRefreshToken: true,
  ttl: {
    AccessToken: 15 * MINUTE,
    ClientCredentials: 15 * MINUTE,
    Grant: DAY,
    RefreshToken: DAY,
  },
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    introspection: { enabled: true, allowedPolicy: (_context, client) => client.clientId === "backoffice" },
    revocation: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => API,
      useGrantedResource: () => true,
      getResourceServerInfo: () => ({
        audience: API,
        scope: SCOPES,
        accessTokenFormat: "jwt",
        accessTokenTTL: 15 * MINUTE,
        jwt: { sign: { alg: "ES256" } },
      }),
    },
  },
});

// Through its own models, as after a login and a consent; no browser is measured here.
async function tokensOf(accountId) {
  const client = await provider.Client.find("portal");
  const grant = new provider.Grant({ accountId, clientId: client.clientId });
  grant.addResourceScope(API, SCOPES);
  grant.addOIDCScope("offline_access");
  const grantId = await grant.save();
  const shared = { accountId, client, grantId, gty: "authorization_code" };
  const refreshToken = new provider.RefreshToken({ ...shared, scope: `offline_access ${SCOPES}`, resource: API });
  const accessToken = new provider.AccessToken({ ...shared, scope: SCOPES });
  return { refresh_token: await refreshToken.save(), access_token: await accessToken.save() };
}

const tokens = [];
for (let person = 0; person < Number(PEOPLE); person += 1) tokens.push(await tokensOf(`person-${person}`));
await writeFile(TOKENS, JSON.stringify(tokens), { mode: 0o600 });
provider.listen(Number(PORT), "127.0.0.1");
