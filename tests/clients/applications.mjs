// The little applications of pages/, built from the lock and served where the client's redirect URIs say.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";

import { build } from "esbuild";

const PAGES = join(import.meta.dirname, "pages");
export const APPLICATIONS = { react: "react.jsx", web: "web.js" };

/** Serves each application in a folder of its own; answers what stops serving. */
export async function serveApplications({ port, serverUri, clientId }) {
  const files = new Map();
  for (const [name, source] of Object.entries(APPLICATIONS)) {
    files.set(`/${name}/`, { type: "text/html", body: readFileSync(join(PAGES, "index.html")) });
    files.set(`/${name}/app.js`, { type: "text/javascript", body: await bundled(source, { serverUri, clientId }) });
  }
  const server = createServer((request, response) => {
    const file = files.get(new URL(request.url, "http://localhost").pathname);
    response.writeHead(file ? 200 : 404, { "content-type": file?.type ?? "text/plain" }).end(file?.body);
  });
  await new Promise((listening) => server.listen(port, listening));
  return () => server.close();
}

async function bundled(source, { serverUri, clientId }) {
  const { outputFiles } = await build({
    entryPoints: [join(PAGES, source)],
    bundle: true,
    write: false,
    format: "esm",
    jsx: "automatic",
    define: {
      SERVER_URI: JSON.stringify(serverUri),
      CLIENT_ID: JSON.stringify(clientId),
      "process.env.NODE_ENV": '"production"',
    },
  });
  return outputFiles[0].contents;
}
