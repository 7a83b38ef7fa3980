// A headless browser without a download: Chromium comes out of a package of the lock, with the libraries it needs.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { chromium } from "playwright-core";

const HOME = join(import.meta.dirname, "node_modules", ".chromium");
const CARRIES_ONE = process.platform === "linux" && process.arch === "x64";

export async function openBrowser() {
  // Elsewhere than on Linux: the Chrome that is installed.
  const which = CARRIES_ONE ? { executablePath: await unpacked() } : { channel: "chrome" };
  // No sandbox: as root it would not start, and it sees nothing but our own pages.
  return await chromium.launch({ ...which, chromiumSandbox: false });
}

async function unpacked() {
  mkdirSync(HOME, { recursive: true });
  // Where the package unpacks to, and how it is told to bring its libraries too.
  process.env.TMPDIR = HOME;
  process.env.AWS_LAMBDA_JS_RUNTIME = "nodejs22.x";
  const { default: carried } = await import("@sparticuz/chromium");
  const path = await carried.executablePath();
  const fonts = join(HOME, "fonts");
  // The one that comes along looks into /tmp.
  writeFileSync(join(fonts, "fonts.conf"), `<fontconfig><dir>${fonts}</dir><cachedir>${HOME}/seen</cachedir></fontconfig>`);
  return path;
}

if (process.argv[1] === import.meta.filename) {
  // `node browser.mjs`: unpack now, and see that it starts.
  await (await openBrowser()).close();
}
