// better-auth as its documentation has it in production: Node's own HTTP server, pg's pool, the admin plugin.
import { createServer } from "node:http";
import { betterAuth } from "better-auth";
import { getMigrations } from "better-auth/db/migration";
import { toNodeHandler } from "better-auth/node";
import { admin } from "better-auth/plugins";
import pg from "pg";

const { PORT, DATABASE_SOCKET, DATABASE_NAME, DATABASE_USER, POOL, SECRET } = process.env;

const auth = betterAuth({
  baseURL: `http://127.0.0.1:${PORT}`,
  secret: SECRET,
  database: new pg.Pool({ host: DATABASE_SOCKET, database: DATABASE_NAME, user: DATABASE_USER, max: Number(POOL) }),
  plugins: [admin()],
  // Each would make it slower.
  rateLimit: { enabled: false },
  logger: { disabled: true },
  telemetry: { enabled: false },
});

await (await getMigrations(auth.options)).runMigrations();
createServer(toNodeHandler(auth)).listen(Number(PORT), "127.0.0.1");
