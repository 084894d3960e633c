// supabase_js.cjs PART: one part of a session of the official client with a running server.
//
// CLIENT     the folder it was installed in
// URL        of the server; PUBLIC_KEY and SERVICE_KEY are its keys
// LOG        the server's log, where mails go
//
// Prints "ok" and exits with 0, or says what was not as it should be.
'use strict';
const assert = require('node:assert/strict');
const crypto = require('node:crypto');
const fs = require('node:fs');
const { createRequire } = require('node:module');
const { URL: SERVER, PUBLIC_KEY, SERVICE_KEY, LOG, CLIENT } = process.env;
const { createClient } = createRequire(CLIENT + '/')('@supabase/supabase-js');

const PASSWORD = 'correct horse battery staple';

// The client asks for a WebSocket when it is made, which not every Node has; nothing here opens one.
class NoSocket {}

function client(key = PUBLIC_KEY) {
  return createClient(SERVER, key, {
    auth: { autoRefreshToken: false, persistSession: false, detectSessionInUrl: false },
    realtime: { transport: NoSocket },
  });
}

// What a call gives where it succeeds.
async function good(call) {
  const { data, error } = await call;
  assert.equal(error, null, `${error?.code}: ${error?.message}`);
  return data;
}

// The error's code where it is to fail.
async function refused(call, status, code) {
  const { error } = await call;
  assert.notEqual(error, null, `was to be refused with ${code}`);
  assert.deepEqual([error.status, error.code], [status, code], error.message);
}

async function signedUp(email, metadata = {}) {
  const supabase = client();
  const { user, session } = await good(
    supabase.auth.signUp({ email, password: PASSWORD, options: { data: metadata } }));
  assert.equal(user.email, email);
  assert.ok(session.access_token && session.refresh_token);
  return supabase;
}

async function signedIn(email, password = PASSWORD) {
  const supabase = client();
  await good(supabase.auth.signInWithPassword({ email, password }));
  return supabase;
}

// RFC 6238, of which this is the whole.
function totp(secret, at = Date.now()) {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const bits = [...secret].map((c) => alphabet.indexOf(c).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(at / 30000)));
  const mac = crypto.createHmac('sha1', key).update(counter).digest();
  const number = mac.readUInt32BE(mac[19] & 15) & 0x7fffffff;
  return String(number % 1000000).padStart(6, '0');
}

// The code of the last mail to this address, as the log has it.
async function mailedCode(email) {
  for (let tries = 0; tries < 50; tries++) {
    const mail = fs.readFileSync(LOG, 'utf8').split('\n').filter((line) => line.includes(`mail to ${email}`));
    const code = mail.join('\n').match(/.*the code is (\d{6})/s);
    if (code) return code[1];
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.fail(`no mail to ${email}`);
}

const parts = {
  async sign_up() {
    const supabase = await signedUp('ann@example.org', { name: 'Ann' });
    await refused(supabase.auth.signUp({ email: 'ann@example.org', password: PASSWORD }), 422, 'user_already_exists');
    await refused(supabase.auth.signUp({ email: 'bo@example.org', password: 'short' }), 422, 'weak_password');
    const { user } = await good(supabase.auth.signInAnonymously({ options: { data: { guest: true } } }));
    assert.equal(user.is_anonymous, true);
    assert.deepEqual(user.user_metadata, { guest: true });
  },

  async sign_in() {
    await signedUp('cal@example.org');
    const supabase = await signedIn('cal@example.org');
    const { user } = await good(supabase.auth.getUser());
    assert.equal(user.email, 'cal@example.org');
    assert.equal(user.identities[0].provider, 'email');
    await refused(supabase.auth.signInWithPassword({ email: 'cal@example.org', password: 'wrong' }), 400, 'invalid_credentials');
    await refused(client().auth.getUser('garbage'), 403, 'bad_jwt');
    const stranger = client('sb_publishable_of_somebody_else');
    const { error } = await stranger.auth.signInWithPassword({ email: 'cal@example.org', password: PASSWORD });
    assert.equal(error.status, 401);
  },

  // Without a word to the server but for the keys: with the first call of fetch that is not for them it fails.
  async claims() {
    const supabase = await signedUp('dee@example.org');
    const asked = [];
    const watched = createClient(SERVER, PUBLIC_KEY, {
      auth: { autoRefreshToken: false, persistSession: false },
      realtime: { transport: NoSocket },
      global: { fetch: (url, init) => (asked.push(new URL(url).pathname), fetch(url, init)) },
    });
    const { access_token: token } = (await good(supabase.auth.getSession())).session;
    const { claims, header } = await good(watched.auth.getClaims(token));
    assert.equal(claims.email, 'dee@example.org');
    assert.equal(claims.role, 'authenticated');
    assert.equal(claims.aal, 'aal1');
    assert.equal(header.alg, 'ES256');
    assert.deepEqual(asked, ['/auth/v1/.well-known/jwks.json']);
    const [head, payload, signature] = token.split('.');
    const forged = Buffer.from(JSON.stringify({ ...claims, email: 'eve@example.org' })).toString('base64url');
    const { error } = await watched.auth.getClaims([head, forged, signature].join('.'));
    assert.notEqual(error, null);
    assert.ok(payload);
  },

  async update_user() {
    const supabase = await signedUp('eli@example.org', { name: 'Eli', n: 1 });
    const { user } = await good(supabase.auth.updateUser({ data: { n: null, extra: { a: [1] } } }));
    assert.equal(user.user_metadata.name, 'Eli');
    assert.deepEqual(user.user_metadata.extra, { a: [1] });
    assert.ok(!('n' in user.user_metadata));
    const elsewhere = await signedIn('eli@example.org');
    await refused(supabase.auth.updateUser({ password: PASSWORD }), 422, 'same_password');
    await good(supabase.auth.updateUser({ password: PASSWORD + ' 2' }));
    assert.equal((await elsewhere.auth.getUser()).error.name, 'AuthSessionMissingError');
    await good(supabase.auth.getUser());
    await signedIn('eli@example.org', PASSWORD + ' 2');
  },

  async refresh() {
    const supabase = await signedUp('fay@example.org');
    const before = (await good(supabase.auth.getSession())).session;
    const { session } = await good(supabase.auth.refreshSession());
    assert.notEqual(session.refresh_token, before.refresh_token);
    await good(supabase.auth.getUser());
    // Whoever lost the answer gets the same next one.
    const again = await good(client().auth.refreshSession({ refresh_token: before.refresh_token }));
    assert.equal(again.session.refresh_token, session.refresh_token);
    await refused(client().auth.refreshSession({ refresh_token: 'nonsense-nonsense' }), 400, 'validation_failed');
  },

  async sign_out() {
    await signedUp('gus@example.org');
    const [one, two, three] = [await signedIn('gus@example.org'), await signedIn('gus@example.org'), await signedIn('gus@example.org')];
    const tokenOf = async (supabase) => (await good(supabase.auth.getSession())).session.access_token;
    const tokens = [await tokenOf(one), await tokenOf(two), await tokenOf(three)];
    const alive = async (token) => (await client().auth.getUser(token)).error === null;

    assert.equal((await one.auth.signOut({ scope: 'local' })).error, null);
    assert.deepEqual(await Promise.all(tokens.map(alive)), [false, true, true]);
    assert.equal((await two.auth.signOut({ scope: 'others' })).error, null);
    assert.deepEqual(await Promise.all(tokens.map(alive)), [false, true, false]);
    assert.equal((await two.auth.signOut({ scope: 'global' })).error, null);
    assert.deepEqual(await Promise.all(tokens.map(alive)), [false, false, false]);
  },

  async factors() {
    const supabase = await signedUp('hal@example.org');
    const { id, totp: made } = await good(supabase.auth.mfa.enroll({ factorType: 'totp', friendlyName: 'phone' }));
    assert.ok(made.qr_code.startsWith('data:image/svg+xml;utf-8,'));
    assert.ok(made.uri.startsWith('otpauth://totp/'));
    const challenge = await good(supabase.auth.mfa.challenge({ factorId: id }));
    await refused(supabase.auth.mfa.verify({ factorId: id, challengeId: challenge.id, code: '000000' }), 422, 'mfa_verification_failed');
    await good(supabase.auth.mfa.verify({ factorId: id, challengeId: challenge.id, code: totp(made.secret) }));
    const level = await good(supabase.auth.mfa.getAuthenticatorAssuranceLevel());
    assert.deepEqual([level.currentLevel, level.nextLevel], ['aal2', 'aal2']);
    const { totp: verified } = await good(supabase.auth.mfa.listFactors());
    assert.equal(verified.length, 1);
    const elsewhere = await signedIn('hal@example.org');
    const there = await good(elsewhere.auth.mfa.getAuthenticatorAssuranceLevel());
    assert.deepEqual([there.currentLevel, there.nextLevel], ['aal1', 'aal2']);
    await refused(elsewhere.auth.updateUser({ password: PASSWORD + ' 3' }), 401, 'insufficient_aal');
    await good(supabase.auth.mfa.unenroll({ factorId: id }));
  },

  async recover() {
    await signedUp('ida@example.org');
    const supabase = client();
    await good(supabase.auth.resetPasswordForEmail('nobody@example.org'));
    await good(supabase.auth.resetPasswordForEmail('ida@example.org'));
    const token = await mailedCode('ida@example.org');
    const wrong = token === '000000' ? '000001' : '000000';
    await refused(supabase.auth.verifyOtp({ email: 'ida@example.org', token: wrong, type: 'recovery' }), 403, 'otp_expired');
    const { session } = await good(supabase.auth.verifyOtp({ email: 'ida@example.org', token, type: 'recovery' }));
    assert.ok(session);
    await good(supabase.auth.updateUser({ password: PASSWORD + ' 4' }));
    await signedIn('ida@example.org', PASSWORD + ' 4');
  },

  async admin() {
    const { auth: { admin } } = client(SERVICE_KEY);
    const { user } = await good(admin.createUser({ email: 'jo@example.org', password: PASSWORD, email_confirm: true, app_metadata: { role: 'x' } }));
    await refused(admin.createUser({ email: 'jo@example.org' }), 422, 'email_exists');
    const { users, total } = await good(admin.listUsers({ page: 1, perPage: 1000 }));
    assert.ok(total >= 1);
    assert.ok(users.some(({ id }) => id === user.id));
    assert.equal((await good(admin.getUserById(user.id))).user.email, 'jo@example.org');
    const changed = await good(admin.updateUserById(user.id, { user_metadata: { a: 1 } }));
    assert.deepEqual(changed.user.user_metadata.a, 1);
    await signedIn('jo@example.org');
    await good(admin.deleteUser(user.id));
    await refused(admin.getUserById(user.id), 404, 'user_not_found');
    await refused(client().auth.signInWithPassword({ email: 'jo@example.org', password: PASSWORD }), 400, 'invalid_credentials');
    await refused(client().auth.admin.listUsers(), 403, 'not_admin');
  },
};

parts[process.argv[2]]().then(
  () => console.log('ok'),
  (error) => { console.log(error.stack); process.exitCode = 1; },
);
