import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { gaxios } from 'google-auth-library';
import {
  applicationTokenSource,
  createGoogleCredentials,
  type GoogleToken,
} from '../../workers/google-auth.ts';

const SIGNAL = new AbortController().signal;
const HOUR_MS = 3_600_000;

function counted() {
  let nowMs = 1_000_000;
  const gates: PromiseWithResolvers<GoogleToken>[] = [];
  const credentials = createGoogleCredentials({
    nowMs: () => nowMs,
    source: () => {
      const gate = Promise.withResolvers<GoogleToken>();
      gates.push(gate);
      return gate.promise;
    },
  });
  return {
    credentials,
    gates,
    advance: (ms: number) => {
      nowMs += ms;
    },
    issue: (index: number) =>
      gates[index]?.resolve({
        token: `t${index}`,
        quotaProject: 'q',
        expiresAtMs: nowMs + HOUR_MS,
      }),
  };
}

describe('credentials at Google', () => {
  it('are fetched once for 200 callers, and kept', async () => {
    const { credentials, gates, issue } = counted();
    const callers = Array.from({ length: 200 }, () => credentials.current(SIGNAL));
    issue(0);
    const found = await Promise.all(callers);
    assert.equal(gates.length, 1);
    assert.ok(found.every(({ token, quotaProject }) => token === 't0' && quotaProject === 'q'));
    await credentials.current(SIGNAL);
    assert.equal(gates.length, 1);
  });

  it('are renewed five minutes early, while the old token still serves', async () => {
    const { credentials, gates, issue, advance } = counted();
    const first = credentials.current(SIGNAL);
    issue(0);
    await first;
    advance(HOUR_MS - 299_000);
    const early = await Promise.all(Array.from({ length: 200 }, () => credentials.current(SIGNAL)));
    assert.ok(early.every(({ token }) => token === 't0'));
    assert.equal(gates.length, 2);
    issue(1);
    await gates[1]?.promise;
    assert.equal((await credentials.current(SIGNAL)).token, 't1');
  });

  it('are renewed once after many refusals', async () => {
    const { credentials, gates, issue, advance } = counted();
    const first = credentials.current(SIGNAL);
    issue(0);
    await first;
    advance(60_000);
    const renewals = Array.from({ length: 200 }, () => credentials.renew());
    issue(1);
    assert.ok((await Promise.all(renewals)).every(Boolean));
    assert.equal(await credentials.renew(), true);
    assert.equal(gates.length, 2);
  });

  it('fail with a hint, and are asked for anew by the next caller', async () => {
    const { credentials, gates, issue } = counted();
    const first = credentials.current(SIGNAL);
    gates[0]?.reject(new Error('no file'));
    await assert.rejects(first, {
      name: 'GatewayError',
      status: 502,
      message: /GOOGLE_APPLICATION_CREDENTIALS/,
    });
    const second = credentials.current(SIGNAL);
    issue(1);
    assert.equal((await second).token, 't1');
  });

  it('let a caller go whose request was cancelled', async () => {
    const { credentials } = counted();
    const controller = new AbortController();
    const waiting = credentials.current(controller.signal);
    controller.abort(new Error('gone'));
    await assert.rejects(waiting, /gone/);
  });

  it('may be a ready token, which cannot be renewed', async () => {
    const credentials = createGoogleCredentials({ accessToken: 'ready' });
    assert.deepEqual(await credentials.current(SIGNAL), { token: 'ready', quotaProject: null });
    assert.equal(await credentials.renew(), false);
  });
});

describe('application default credentials', () => {
  const key = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  }).privateKey;
  const files: [string, object, string][] = [
    [
      'a service account',
      {
        type: 'service_account',
        client_email: 'a@b.iam.gserviceaccount.com',
        private_key: key,
        project_id: 'p',
      },
      'jwt-bearer',
    ],
    [
      'an authorized user',
      {
        type: 'authorized_user',
        client_id: 'c',
        client_secret: 's',
        refresh_token: 'r',
        quota_project_id: 'quota-1',
      },
      'refresh_token',
    ],
  ];
  for (const [name, file, grant] of files) {
    it(`fetch a new token each time for ${name}`, async () => {
      await using folder = await mkdtempDisposable(join(tmpdir(), 'credentials-'));
      const keyFile = join(folder.path, 'key.json');
      await writeFile(keyFile, JSON.stringify(file));
      const bodies: string[] = [];
      const transporter = new gaxios.Gaxios({
        fetchImplementation: async (url, init) => {
          bodies.push(await new Request(String(url), init as RequestInit).text());
          return Response.json({
            access_token: `t${bodies.length}`,
            expires_in: 3599,
            token_type: 'Bearer',
          });
        },
      });
      const source = applicationTokenSource({ keyFile, transporter });
      const [first, second] = [await source(), await source()];
      assert.deepEqual([first.token, second.token], ['t1', 't2']);
      assert.ok(first.expiresAtMs > Date.now() + 3_500_000);
      assert.match(bodies[0] ?? '', new RegExp(grant));
      assert.equal(first.quotaProject, name === 'an authorized user' ? 'quota-1' : null);
    });
  }
});
