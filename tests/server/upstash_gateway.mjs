// upstash_gateway.mjs: Upstash's REST interface in front of a Redis server, as a judge for tests: what a command does is Redis's, and only
// the envelope is written here, from Upstash's documentation (https://upstash.com/docs/redis/features/restapi). Nothing of libtripsage is
// in it.
//
//     const { url, close } = await openGateway('/path/of/redis.sock', token);
import http from 'node:http';
import net from 'node:net';

// ---- RESP2 (https://redis.io/docs/latest/develop/reference/protocol-spec) ----

class Refusal {
  constructor(text) { this.text = text; }
}

// A reader of one reply from `at` on: [value, where the next begins], or null while it has not come whole. A word and a string are Buffers.
function readReply(bytes, at) {
  const lineEnd = bytes.indexOf('\r\n', at);
  if (lineEnd < 0) return null;
  const line = bytes.toString('latin1', at + 1, lineEnd), behind = lineEnd + 2;
  switch (String.fromCharCode(bytes[at])) {
    case '+': return [Buffer.from(line, 'latin1'), behind];
    case '-': return [new Refusal(Buffer.from(line, 'latin1').toString()), behind];
    case ':': return [BigInt(line), behind];
    case '$': {
      const size = Number(line);
      if (size < 0) return [null, behind];
      return bytes.length < behind + size + 2 ? null : [Buffer.from(bytes.subarray(behind, behind + size)), behind + size + 2];
    }
    case '*': {
      if (Number(line) < 0) return [null, behind];
      const items = [];
      let next = behind;
      while (items.length < Number(line)) {
        const read = readReply(bytes, next);
        if (!read) return null;
        items.push(read[0]);
        next = read[1];
      }
      return [items, next];
    }
    default: throw new Error(`no reply of Redis: ${line}`);
  }
}

class Connection {
  constructor(path) {
    this.waiting = [];
    this.unread = Buffer.alloc(0);
    this.onMessage = null;
    this.socket = net.connect(path);
    this.socket.on('data', (data) => this.take(data));
    this.socket.on('error', (error) => this.waiting.splice(0).forEach((done) => done(new Refusal(`ERR ${error.message}`))));
  }

  take(data) {
    this.unread = Buffer.concat([this.unread, data]);
    for (let read; this.unread.length && (read = readReply(this.unread, 0));) {
      this.unread = this.unread.subarray(read[1]);
      const done = this.waiting.shift();
      if (done) done(read[0]);
      else this.onMessage?.(read[0]);
    }
  }

  call(args) {
    const parts = [Buffer.from(`*${args.length}\r\n`)];
    for (const arg of args) {
      const bytes = Buffer.isBuffer(arg) ? arg : Buffer.from(String(arg));
      parts.push(Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n'));
    }
    this.socket.write(Buffer.concat(parts));
    return new Promise((done) => this.waiting.push(done));
  }

  end() { this.socket.destroy(); }
}

// ---- answers ----

function toJson(value, base64, atTop) {
  if (value === null) return 'null';
  if (typeof value === 'bigint') return value.toString();
  if (Array.isArray(value)) return `[${value.map((item) => toJson(item, base64, false)).join(',')}]`;
  if (value instanceof Refusal) return JSON.stringify(value.text);
  if (atTop && value.equals(Buffer.from('OK'))) return '"OK"';
  return JSON.stringify(value.toString(base64 ? 'base64' : 'utf8'));
}

function envelope(value, base64) {
  return value instanceof Refusal ? `{"error":${JSON.stringify(value.text)}}` : `{"result":${toJson(value, base64, true)}}`;
}

// ---- requests ----

async function runTransaction(path, lines) {
  const connection = new Connection(path);
  await connection.call(['MULTI']);
  let first = null;
  for (const line of lines) {
    const queued = await connection.call(line);
    if (queued instanceof Refusal) first ??= queued;
  }
  const outcome = first ?? await connection.call(['EXEC']);
  connection.end();
  return outcome;
}

function argumentsOf(url, body) {
  const args = url.pathname.split('/').slice(1).map(decodeURIComponent);
  if (body.length) args.push(body);
  for (const [name, value] of url.searchParams) {
    if (name === '_token') continue;
    args.push(name);
    if (value) args.push(value);
  }
  return args;
}

function parseLines(body, isMany) {
  const parsed = JSON.parse(body.toString());
  const lines = isMany ? parsed : [parsed];
  if (!Array.isArray(lines) || !lines.length || !lines.every((line) => Array.isArray(line) && line.length)) throw new Error('no commands');
  return lines;
}

async function subscribe(path, kind, names, response) {
  const connection = new Connection(path);
  const send = (event) => response.write(`data: ${event.map(String).join(',')}\n\n`);
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.flushHeaders();
  response.on('close', () => connection.end());
  for (const name of names) send(await connection.call([kind, name]));
  connection.onMessage = send;
}

async function answer(request, response, gateway) {
  const url = new URL(request.url, 'http://gateway');
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  const base64 = request.headers['upstash-encoding'] === 'base64';
  const send = (status, text) => {
    response.writeHead(status, { 'content-type': 'application/json', 'upstash-sync-token': `g${++gateway.answers}` });
    response.end(request.method === 'HEAD' ? '' : text);
  };
  const token = request.headers.authorization?.replace(/^Bearer /i, '') ?? url.searchParams.get('_token');
  const [, kind, ...names] = url.pathname.split('/').map(decodeURIComponent);

  if (token !== gateway.token) return send(401, '{"error":"WRONGPASS invalid or missing auth token"}');
  if (kind === 'subscribe' || kind === 'psubscribe') return subscribe(gateway.path, kind, names, response);
  if (kind !== '' && kind !== 'pipeline' && kind !== 'multi-exec') {
    const value = await gateway.redis.call(argumentsOf(url, body));
    return send(value instanceof Refusal ? 400 : 200, envelope(value, base64));
  }
  let lines;
  try {
    lines = parseLines(body, kind !== '');
  } catch (error) {
    return send(400, JSON.stringify({ error: `ERR ${error.message}` }));
  }
  if (kind === 'pipeline') {
    const values = await Promise.all(lines.map((line) => gateway.redis.call(line)));
    return send(200, `[${values.map((value) => envelope(value, base64)).join(',')}]`);
  }
  const value = kind === '' ? await gateway.redis.call(lines[0]) : await runTransaction(gateway.path, lines);
  if (value instanceof Refusal) return send(400, envelope(value, base64));
  return send(200, kind === '' ? envelope(value, base64) : `[${value.map((item) => envelope(item, base64)).join(',')}]`);
}

export async function openGateway(path, token) {
  const gateway = { path, token, redis: new Connection(path), answers: 0 };
  const server = http.createServer((request, response) => {
    answer(request, response, gateway).catch((error) => {
      response.writeHead(500, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ error: `ERR ${error.message}` }));
    });
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    close() {
      server.closeAllConnections();
      server.close();
      gateway.redis.end();
    },
  };
}
