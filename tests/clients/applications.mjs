// The little applications of pages/, built from the lock and served where the client's redirect URIs say.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";

import { build } from "esbuild";

import { issuer, stage } from "./stage.mjs";

const PAGES = join(import.meta.dirname, "pages");
const APPLICATIONS = {
  react: { source: "react.jsx", clientId: "dashboard" },
  web: { source: "web.js", clientId: "dashboard" },
  "openid-client": { source: "openid-client.js", clientId: "portal" },
  vault: { source: "openid-client.js", clientId: "vault", isBound: true },
};

/** Serves applications, each in a folder of its own; answers what stops serving. */
export async function serveApplications(...names) {
  const files = new Map();
  for (const name of names) {
    files.set(`/${name}/`, { type: "text/html", body: readFileSync(join(PAGES, "index.html")) });
    files.set(`/${name}/app.js`, { type: "text/javascript", body: await bundled(APPLICATIONS[name]) });
  }
  const server = createServer((request, response) => {
    const file = files.get(new URL(request.url, "http://localhost").pathname);
    response.writeHead(file ? 200 : 404, { "content-type": file?.type ?? "text/plain" }).end(file?.body);
  });
  await new Promise((listening) => server.listen(stage.pages_port, listening));
  return () => server.close();
}

async function bundled({ source, clientId, isBound = false }) {
  const { outputFiles } = await build({
    entryPoints: [join(PAGES, source)],
    bundle: true,
    write: false,
    format: "esm",
    jsx: "automatic",
    define: {
      SERVER_URI: JSON.stringify(issuer),
      CLIENT_ID: JSON.stringify(clientId),
      BOUND: JSON.stringify(isBound),
      "process.env.NODE_ENV": '"production"',
    },
  });
  return outputFiles[0].contents;
}
