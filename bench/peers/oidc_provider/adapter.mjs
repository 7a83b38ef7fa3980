// oidc-provider's adapter interface on one table, as its example adapters have it: prepared statements through pg's pool.
const TABLE = `
  CREATE TABLE IF NOT EXISTS oidc_payload (
    id text NOT NULL,
    type text NOT NULL,
    payload jsonb NOT NULL,
    grant_id text,
    user_code text,
    uid text,
    expires_at timestamptz,
    consumed_at timestamptz,
    PRIMARY KEY (id, type)
  );
  CREATE INDEX IF NOT EXISTS oidc_payload_grant ON oidc_payload (grant_id);
  CREATE INDEX IF NOT EXISTS oidc_payload_user_code ON oidc_payload (user_code) WHERE user_code IS NOT NULL;
  CREATE INDEX IF NOT EXISTS oidc_payload_uid ON oidc_payload (uid) WHERE uid IS NOT NULL;
`;
const FOUND = "SELECT payload, expires_at, consumed_at FROM oidc_payload WHERE type = $1";
const UPSERT = `
  INSERT INTO oidc_payload (type, id, payload, grant_id, user_code, uid, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
  ON CONFLICT (id, type) DO UPDATE SET payload = EXCLUDED.payload, grant_id = EXCLUDED.grant_id,
    user_code = EXCLUDED.user_code, uid = EXCLUDED.uid, expires_at = EXCLUDED.expires_at
`;

export async function adapterOn(pool) {
  await pool.query(TABLE);

  return class {
    constructor(type) {
      this.type = type;
    }

    async upsert(id, payload, expiresIn) {
      const expiresAt = expiresIn ? new Date(Date.now() + expiresIn * 1000) : null;
      await this.#run("upsert", UPSERT, [
        id,
        JSON.stringify(payload),
        payload.grantId ?? null,
        payload.userCode ?? null,
        payload.uid ?? null,
        expiresAt,
      ]);
    }

    find(id) {
      return this.#find("find", `${FOUND} AND id = $2`, id);
    }

    findByUid(uid) {
      return this.#find("findByUid", `${FOUND} AND uid = $2`, uid);
    }

    findByUserCode(userCode) {
      return this.#find("findByUserCode", `${FOUND} AND user_code = $2`, userCode);
    }

    async consume(id) {
      await this.#run("consume", "UPDATE oidc_payload SET consumed_at = now() WHERE type = $1 AND id = $2", [id]);
    }

    async destroy(id) {
      await this.#run("destroy", "DELETE FROM oidc_payload WHERE type = $1 AND id = $2", [id]);
    }

    async revokeByGrantId(grantId) {
      await this.#run("revoke", "DELETE FROM oidc_payload WHERE type = $1 AND grant_id = $2", [grantId]);
    }

    async #find(name, text, value) {
      const row = (await this.#run(name, text, [value])).rows[0];
      if (!row || (row.expires_at && row.expires_at < new Date())) return undefined;
      return row.consumed_at ? { ...row.payload, consumed: true } : row.payload;
    }

    #run(name, text, values) {
      return pool.query({ name, text, values: [this.type, ...values] });
    }
  };
}
