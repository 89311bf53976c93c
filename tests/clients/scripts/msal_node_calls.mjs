// msal-node: one call a run (03 section 12.3).

import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { text } from "node:stream/consumers";

const require = createRequire(`${process.env.CLIENT_MODULES}/`);
const { ConfidentialClientApplication, PublicClientApplication } = require("@azure/msal-node");

const GRAPH = ["https://graph.microsoft.com/User.Read"];
const APP = ["https://graph.microsoft.com/.default"];
const CLAIMS = ["aud", "iss", "ver", "appid", "azp", "upn", "tid", "oid", "scp", "roles", "idtyp", "amr"];

const claims = (token) => {
  const found = JSON.parse(Buffer.from(token.split(".")[1], "base64url"));
  return Object.fromEntries(CLAIMS.filter((name) => name in found).map((name) => [name, found[name]]));
};
const shown = (result) => ({ token: claims(result.accessToken), fromCache: result.fromCache });

// The person's browser, as BROWSER names it.
const openBrowser = (url, ...more) =>
  new Promise((resolve, reject) => {
    const [program, ...rest] = process.env.BROWSER.split(" ").filter((part) => part !== "%s" && part !== "&");
    execFile(program, [...rest, url, ...more], (error) => (error ? reject(error) : resolve()));
  });

const auth = ({ client, host, tenant }) => ({
  clientId: client,
  authority: `https://${host}/${tenant}`,
  knownAuthorities: [host],
});
const publicClient = (given) => new PublicClientApplication({ auth: auth(given) });
const confidential = (given, credential) => new ConfidentialClientApplication({ auth: { ...auth(given), ...credential } });
const credentials = (given) => ({ scopes: GRAPH, username: given.name, password: given.password });

// A person signs in with code, PKCE and a loopback redirect.
const interactive = (given, scopes) =>
  publicClient(given).acquireTokenInteractive({ scopes, openBrowser: async (url) => void openBrowser(url) });

const calls = {
  password: async (given) => shown(await publicClient(given).acquireTokenByUsernamePassword(credentials(given))),
  withoutKnownAuthorities: async (given) => {
    const app = new PublicClientApplication({ auth: { ...auth(given), knownAuthorities: [] } });
    return shown(await app.acquireTokenByUsernamePassword(credentials(given)));
  },
  silent: async (given) => {
    const app = publicClient(given);
    const { account } = await app.acquireTokenByUsernamePassword({ ...credentials(given), scopes: APP });
    const cached = await app.acquireTokenSilent({ account, scopes: APP });
    const fresh = await app.acquireTokenSilent({ account, scopes: APP, forceRefresh: true });
    return { cached: shown(cached), fresh: shown(fresh) };
  },
  interactive: async (given) => shown(await interactive(given, GRAPH)),
  deviceCode: async (given) => {
    let typed;
    const deviceCodeCallback = (answer) => {
      typed = openBrowser(answer.verificationUri, answer.userCode);
    };
    const result = await publicClient(given).acquireTokenByDeviceCode({ scopes: GRAPH, deviceCodeCallback });
    await typed;
    return shown(result);
  },
  secret: async (given) => {
    const app = confidential(given, { clientSecret: given.secret });
    return shown(await app.acquireTokenByClientCredential({ scopes: APP }));
  },
  certificate: async (given) => {
    const pem = readFileSync(given.pem, "utf8");
    const x5c = pem.slice(pem.indexOf("-----BEGIN CERTIFICATE"));
    const clientCertificate = { thumbprintSha256: given.thumbprint, privateKey: pem, x5c };
    return shown(await confidential(given, { clientCertificate }).acquireTokenByClientCredential({ scopes: APP }));
  },
  onBehalfOf: async (given) => {
    const { accessToken } = await interactive({ ...given, client: given.public }, [given.scope]);
    const app = confidential(given, { clientSecret: given.secret });
    return shown(await app.acquireTokenOnBehalfOf({ oboAssertion: accessToken, scopes: GRAPH }));
  },
};

const { call, ...given } = JSON.parse(await text(process.stdin));
let found;
try {
  found = await calls[call](given);
} catch (error) {
  found = { error: error.errorCode ?? error.name, suberror: error.subError ?? "", text: error.errorMessage ?? String(error) };
}
console.log(JSON.stringify({ call, ...found }));
process.exit(0);
