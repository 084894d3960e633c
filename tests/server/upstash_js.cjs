// upstash_js.cjs: the official clients of Upstash in one session with a running server's /cache and, through a gateway of ours (upstash_gateway.mjs), in the same
// session with a Redis server. What each step gives has to be equal, but for the differences that are listed here with their reasons.
//
// CLIENT, OLDER   folders in which the newest ratelimit client and the one before locks of keys were installed, each with @upstash/redis
// URL             of the server's cache, and TOKEN and READING, its tokens
// REDIS           the socket of the Redis server
//
// Prints how many steps there were and what differed, and exits with 0, or says what was not as it should be.
'use strict';
const assert = require('node:assert/strict');
const path = require('node:path');
const { createRequire } = require('node:module');
const { pathToFileURL } = require('node:url');
const { URL: SERVER, TOKEN, READING, REDIS, CLIENT, OLDER } = process.env;
const { Redis } = createRequire(CLIENT + '/')('@upstash/redis');

const sorted = async (promise) => [...(await promise ?? [])].map(String).sort();
const pairs = async (promise) => Object.entries(await promise ?? {}).sort();
const within = async (promise, from, to) => { const n = await promise; return n >= from && n <= to ? `${from}..${to}` : n; };
const inSecond = () => Math.floor(Date.now() / 1000);
const settled = (promises) => Promise.all(promises.map((p) => p.then((value) => value, (error) => ({ failed: text(error) }))));

// The client's own words behind the server's.
function text(error) {
  return String(error.message).replace(/, command was: [^]*$/, '').replace(/\s+$/, '');
}

// A step is a function of the clients: what it gives is compared. Its source is its name.
const groups = {
  connection: [
    ({ redis }) => redis.ping(),
    ({ redis }) => redis.ping(['hello']),
    ({ redis }) => redis.echo('a "b" \u0000 ü 😀'),
    ({ redis }) => redis.flushdb(),
    ({ redis }) => redis.dbsize(),
    async ({ redis }) => (await redis.time()).map((part) => typeof part),
    ({ redis }) => redis.exec(['NONSENSE']),
    ({ redis }) => redis.exec(['GET']),
    ({ redis }) => redis.exec(['BLPOP', 'l', 1]),
    ({ redis }) => redis.exec(['SELECT', 0]),
  ],

  strings: [
    ({ redis }) => redis.set('s', 'value'),
    ({ redis }) => redis.get('s'),
    ({ redis }) => redis.get('missing'),
    ({ redis }) => redis.set('n', 41),
    ({ redis }) => redis.incr('n'),
    ({ redis }) => redis.incrby('n', 8),
    ({ redis }) => redis.decr('n'),
    ({ redis }) => redis.decrby('n', 9),
    ({ redis }) => redis.incrbyfloat('n', 0.5),
    ({ redis }) => redis.incrbyfloat('n', -3e2),
    ({ redis }) => redis.incr('n'),
    ({ redis }) => redis.incr('s'),
    ({ redis }) => redis.set('big', '9007199254740993'),
    ({ redis }) => redis.incr('big'),
    ({ redis }) => redis.set('max', '9223372036854775807'),
    ({ redis }) => redis.incr('max'),
    ({ redis }) => redis.set('o', { a: [1, 'x', null], b: { c: true } }),
    ({ redis }) => redis.get('o'),
    ({ redis }) => redis.set('ok', 'OK'),
    ({ redis }) => redis.get('ok'),
    ({ redis }) => redis.mget('ok', 'missing', 's'),
    ({ redis }) => redis.set('empty', ''),
    ({ redis }) => redis.get('empty'),
    ({ redis }) => redis.set('x', 1, { nx: true }),
    ({ redis }) => redis.set('x', 2, { nx: true }),
    ({ redis }) => redis.set('x', 3, { xx: true }),
    ({ redis }) => redis.set('missing', 3, { xx: true }),
    ({ redis }) => redis.set('x', 4, { get: true }),
    ({ redis }) => redis.set('x', 5, { nx: true, get: true }),
    ({ redis }) => redis.set('x', 6, { ex: 100 }),
    ({ redis }) => within(redis.ttl('x'), 99, 100),
    ({ redis }) => redis.set('x', 7, { keepTtl: true }),
    ({ redis }) => within(redis.pttl('x'), 90000, 100000),
    ({ redis }) => redis.set('x', 8),
    ({ redis }) => redis.ttl('x'),
    ({ redis }) => redis.set('x', 8, { px: 100000 }),
    ({ redis }) => within(redis.ttl('x'), 99, 100),
    ({ redis }) => redis.set('x', 8, { exat: inSecond() + 100 }),
    ({ redis }) => within(redis.ttl('x'), 98, 100),
    ({ redis }) => redis.set('x', 8, { pxat: (inSecond() + 100) * 1000 }),
    ({ redis }) => within(redis.ttl('x'), 98, 100),
    ({ redis }) => redis.set('x', 8, { ex: 0 }),
    ({ redis }) => redis.set('x', 8, { ex: -1 }),
    ({ redis }) => redis.exec(['SET', 'x', '1', 'NX', 'XX']),
    ({ redis }) => redis.exec(['SET', 'x', '1', 'EX', 'soon']),
    ({ redis }) => redis.setex('sx', 100, 'v'),
    ({ redis }) => redis.setex('sx', 0, 'v'),
    ({ redis }) => redis.psetex('px', 100000, 'v'),
    ({ redis }) => redis.setnx('sx', 'w'),
    ({ redis }) => redis.setnx('snx', 'w'),
    ({ redis }) => redis.getset('snx', 'z'),
    ({ redis }) => redis.getset('getset', 'z'),
    ({ redis }) => redis.getdel('snx'),
    ({ redis }) => redis.getdel('snx'),
    ({ redis }) => redis.getex('s', { ex: 100 }),
    ({ redis }) => within(redis.ttl('s'), 99, 100),
    ({ redis }) => redis.getex('s', { persist: true }),
    ({ redis }) => redis.ttl('s'),
    ({ redis }) => redis.append('s', ' more'),
    ({ redis }) => redis.append('new', 'made'),
    ({ redis }) => redis.strlen('s'),
    ({ redis }) => redis.strlen('missing'),
    ({ redis }) => redis.getrange('s', 1, -3),
    ({ redis }) => redis.getrange('s', 5, 2),
    ({ redis }) => redis.setrange('s', 6, 'MORE!'),
    ({ redis }) => redis.get('s'),
    ({ redis }) => redis.setrange('far', 3, 'x'),
    ({ redis }) => redis.strlen('far'),
    ({ redis }) => redis.setrange('far', -1, 'x'),
    ({ redis }) => redis.mset({ a: 1, b: 'two', c: [3] }),
    ({ redis }) => redis.mget('a', 'b', 'c'),
    ({ redis }) => redis.msetnx({ a: 1, z: 2 }),
    ({ redis }) => redis.msetnx({ y: 1, z: 2 }),
    ({ redis }) => redis.exec(['MSET', 'a']),
    ({ redis }) => redis.exec(['LCS', 'a', 'b']),
    ({ raw }) => raw.set('bytes', '\u00ff\u0000'),
    ({ raw }) => raw.get('bytes'),
    ({ plain }) => plain.get('bytes'),
    ({ plain }) => plain.mget('a', 'b', 'missing'),
  ],

  keys: [
    ({ redis }) => redis.exists('a', 'b', 'missing', 'a'),
    ({ redis }) => redis.type('a'),
    ({ redis }) => redis.type('missing'),
    ({ redis }) => redis.expire('a', 100),
    ({ redis }) => redis.expire('missing', 100),
    ({ redis }) => redis.expire('a', 200, 'NX'),
    ({ redis }) => redis.expire('a', 200, 'GT'),
    ({ redis }) => redis.expire('a', 300, 'LT'),
    ({ redis }) => redis.expire('b', 300, 'XX'),
    ({ redis }) => redis.pexpire('a', 100000),
    ({ redis }) => within(redis.pttl('a'), 90000, 100000),
    ({ redis }) => redis.expireat('a', inSecond() + 50),
    ({ redis }) => within(redis.ttl('a'), 48, 50),
    ({ redis }) => redis.pexpireat('a', (inSecond() + 70) * 1000),
    ({ redis }) => within(redis.ttl('a'), 68, 70),
    async ({ redis }) => within((await redis.exec(['EXPIRETIME', 'a'])) - inSecond(), 65, 70),
    ({ redis }) => redis.persist('a'),
    ({ redis }) => redis.persist('a'),
    ({ redis }) => redis.ttl('a'),
    ({ redis }) => redis.ttl('missing'),
    ({ redis }) => redis.pttl('missing'),
    ({ redis }) => redis.rename('a', 'renamed'),
    ({ redis }) => redis.rename('missing', 'renamed'),
    ({ redis }) => redis.renamenx('renamed', 'b'),
    ({ redis }) => redis.renamenx('renamed', 'a'),
    ({ redis }) => redis.copy('a', 'copied'),
    ({ redis }) => redis.copy('a', 'copied'),
    ({ redis }) => redis.copy('a', 'copied', { replace: true }),
    ({ redis }) => redis.copy('missing', 'elsewhere'),
    ({ redis }) => redis.copy('a', 'a'),
    ({ redis }) => redis.get('copied'),
    ({ redis }) => redis.touch('a', 'b', 'missing'),
    ({ redis }) => redis.unlink('copied', 'missing'),
    ({ redis }) => redis.del('y', 'z', 'missing'),
    ({ redis }) => redis.expire('far', -1),
    ({ redis }) => redis.exists('far'),
    ({ redis }) => sorted(redis.keys('*x')),
    ({ redis }) => sorted(redis.keys('[ab]')),
    ({ redis }) => sorted(redis.keys('*')),
    ({ redis }) => redis.dbsize(),
    async ({ redis }) => typeof await redis.randomkey(),
    async ({ redis }) => { const [cursor, keys] = await redis.scan(0, { match: 's*', count: 1000 }); return [cursor, keys.sort()]; },
    async ({ redis }) => {
      const all = new Set();
      let cursor = '0';
      do {
        const [next, keys] = await redis.scan(cursor, { count: 2 });
        keys.forEach((key) => all.add(key));
        cursor = next;
      } while (cursor !== '0');
      return [...all].sort();
    },
    async ({ redis }) => { const [cursor, keys] = await redis.scan(0, { type: 'hash', count: 1000 }); return [cursor, keys.sort()]; },
    ({ redis }) => redis.scan('nonsense'),
    ({ redis }) => redis.scan(0, { count: 0 }),
    ({ redis }) => redis.exec(['OBJECT', 'REFCOUNT', 'missing']),
  ],

  hashes: [
    ({ redis }) => redis.hset('h', { name: 'Ann', age: 41, tags: ['a', 'b'] }),
    ({ redis }) => redis.hset('h', { name: 'Bo', city: 'Kyoto' }),
    ({ redis }) => redis.hget('h', 'name'),
    ({ redis }) => redis.hget('h', 'missing'),
    ({ redis }) => redis.hget('missing', 'name'),
    ({ redis }) => pairs(redis.hgetall('h')),
    ({ redis }) => redis.hgetall('missing'),
    ({ redis }) => pairs(redis.hmget('h', 'name', 'missing', 'age')),
    ({ redis }) => redis.hmset('h', { extra: 1 }),
    ({ redis }) => redis.hsetnx('h', 'name', 'Cy'),
    ({ redis }) => redis.hsetnx('h', 'nick', 'Cy'),
    ({ redis }) => redis.hlen('h'),
    ({ redis }) => redis.hexists('h', 'nick'),
    ({ redis }) => redis.hexists('h', 'nobody'),
    ({ redis }) => sorted(redis.hkeys('h')),
    ({ redis }) => sorted(redis.hvals('h')),
    ({ redis }) => redis.hstrlen('h', 'name'),
    ({ redis }) => redis.hincrby('h', 'age', 2),
    ({ redis }) => redis.hincrby('h', 'count', -2),
    ({ redis }) => redis.hincrby('h', 'name', 1),
    ({ redis }) => redis.hincrbyfloat('h', 'age', 0.25),
    ({ redis }) => redis.hincrbyfloat('h', 'name', 0.25),
    ({ redis }) => redis.hdel('h', 'nick', 'nobody', 'extra'),
    async ({ redis }) => { const [cursor, found] = await redis.hscan('h', 0, { match: '*a*', count: 100 }); return [cursor, found.map(String).sort()]; },
    ({ redis }) => redis.hset('single', { f: 1 }),
    ({ redis }) => redis.hrandfield('single'),
    ({ redis }) => redis.hrandfield('single', 3),
    ({ redis }) => redis.hrandfield('single', -3),
    ({ redis }) => redis.hrandfield('single', 1, true),
    ({ redis }) => redis.hrandfield('missing'),
    ({ redis }) => redis.hdel('single', 'f'),
    ({ redis }) => redis.exists('single'),
    ({ redis }) => redis.get('h'),
    ({ redis }) => redis.hget('s', 'f'),
    ({ redis }) => redis.exec(['HSET', 'h', 'odd']),
  ],

  lists: [
    ({ redis }) => redis.lpush('l', 'c', 'b', 'a'),
    ({ redis }) => redis.rpush('l', 'd', 1, { e: 2 }),
    ({ redis }) => redis.lrange('l', 0, -1),
    ({ redis }) => redis.lrange('l', -2, 100),
    ({ redis }) => redis.lrange('l', 5, 2),
    ({ redis }) => redis.llen('l'),
    ({ redis }) => redis.llen('missing'),
    ({ redis }) => redis.lpushx('missing', 'x'),
    ({ redis }) => redis.rpushx('l', 'x'),
    ({ redis }) => redis.lindex('l', 0),
    ({ redis }) => redis.lindex('l', -1),
    ({ redis }) => redis.lindex('l', 100),
    ({ redis }) => redis.lset('l', 1, 'B'),
    ({ redis }) => redis.lset('l', 100, 'B'),
    ({ redis }) => redis.lset('missing', 0, 'B'),
    ({ redis }) => redis.linsert('l', 'before', 'B', 'a2'),
    ({ redis }) => redis.linsert('l', 'after', 'nobody', 'a2'),
    ({ redis }) => redis.lpos('l', 'c'),
    ({ redis }) => redis.lpos('l', 'nobody'),
    ({ redis }) => redis.rpush('p', 'a', 'b', 'a', 'c', 'a'),
    ({ redis }) => redis.lpos('p', 'a', { count: 0 }),
    ({ redis }) => redis.lpos('p', 'a', { rank: -1, count: 2 }),
    ({ redis }) => redis.lpos('p', 'a', { rank: 0 }),
    ({ redis }) => redis.lpos('p', 'a', { rank: 2, maxLen: 2 }),
    ({ redis }) => redis.lrem('p', -2, 'a'),
    ({ redis }) => redis.lrange('p', 0, -1),
    ({ redis }) => redis.lrem('p', 0, 'a'),
    ({ redis }) => redis.lpop('l'),
    ({ redis }) => redis.rpop('l'),
    ({ redis }) => redis.lpop('l', 2),
    ({ redis }) => redis.rpop('l', 2),
    ({ redis }) => redis.lpop('missing'),
    ({ redis }) => redis.lpop('missing', 2),
    ({ redis }) => redis.rpush('m', 1, 2, 3, 4, 5),
    ({ redis }) => redis.ltrim('m', 1, -2),
    ({ redis }) => redis.lmove('m', 'm2', 'left', 'right'),
    ({ redis }) => redis.lmove('m', 'm', 'right', 'left'),
    ({ redis }) => redis.lmove('missing', 'm', 'left', 'left'),
    ({ redis }) => redis.exec(['RPOPLPUSH', 'm', 'm2']),
    ({ redis }) => redis.lrange('m2', 0, -1),
    ({ redis }) => redis.lmpop(2, ['missing', 'm2'], 'left', 1),
    ({ redis }) => redis.lmpop(1, ['missing'], 'right'),
    ({ redis }) => redis.lpush('s', 'x'),
    ({ redis }) => redis.exec(['LPUSH', 'l']),
    ({ redis }) => redis.exec(['LPOP', 'l', '-1']),
  ],

  sets: [
    ({ redis }) => redis.sadd('set', 'a', 'b', 'c', 1),
    ({ redis }) => redis.sadd('set', 'a', 'd'),
    ({ redis }) => redis.sadd('other', 'c', 'd', 'e'),
    ({ redis }) => redis.scard('set'),
    ({ redis }) => redis.scard('missing'),
    ({ redis }) => redis.sismember('set', 'a'),
    ({ redis }) => redis.sismember('set', 'z'),
    ({ redis }) => redis.smismember('set', ['a', 'z', 'b']),
    ({ redis }) => sorted(redis.smembers('set')),
    ({ redis }) => sorted(redis.sinter('set', 'other')),
    ({ redis }) => sorted(redis.sunion('set', 'other', 'missing')),
    ({ redis }) => sorted(redis.sdiff('set', 'other')),
    ({ redis }) => redis.sinterstore('both', 'set', 'other'),
    ({ redis }) => redis.sunionstore('all', 'set', 'other'),
    ({ redis }) => redis.sdiffstore('rest', 'set', 'other'),
    ({ redis }) => redis.sinterstore('both', 'set', 'missing'),
    ({ redis }) => redis.exists('both'),
    ({ redis }) => redis.sintercard(['set', 'other']),
    ({ redis }) => redis.sintercard(['set', 'other'], { limit: 1 }),
    ({ redis }) => redis.smove('set', 'other', 'a'),
    ({ redis }) => redis.smove('set', 'other', 'nobody'),
    ({ redis }) => redis.srem('set', 'b', 'nobody'),
    ({ redis }) => redis.sadd('one', 'only'),
    ({ redis }) => redis.srandmember('one'),
    ({ redis }) => redis.srandmember('one', -2),
    ({ redis }) => redis.srandmember('missing'),
    ({ redis }) => redis.spop('one'),
    ({ redis }) => redis.spop('one'),
    ({ redis }) => sorted(redis.spop('rest', 10)),
    async ({ redis }) => { const [cursor, members] = await redis.sscan('all', 0, { count: 100 }); return [cursor, members.map(String).sort()]; },
    ({ redis }) => redis.sadd('s', 'x'),
    ({ redis }) => redis.exec(['SINTERCARD', '0', 'set']),
  ],

  'sorted sets': [
    ({ redis }) => redis.zadd('z', { score: 1, member: 'a' }, { score: 2.5, member: 'b' }, { score: 3, member: 'c' }),
    ({ redis }) => redis.zadd('z', { nx: true }, { score: 9, member: 'a' }, { score: 4, member: 'd' }),
    ({ redis }) => redis.zadd('z', { xx: true, ch: true }, { score: 2, member: 'b' }, { score: 4, member: 'e' }),
    ({ redis }) => redis.zadd('z', { gt: true, ch: true }, { score: 1, member: 'c' }),
    ({ redis }) => redis.zadd('z', { lt: true, ch: true }, { score: 2.5, member: 'c' }),
    ({ redis }) => redis.zadd('z', { incr: true }, { score: 0.25, member: 'c' }),
    ({ redis }) => redis.zcard('z'),
    ({ redis }) => redis.zcard('missing'),
    ({ redis }) => redis.zscore('z', 'c'),
    ({ redis }) => redis.zscore('z', 'nobody'),
    ({ redis }) => redis.zmscore('z', ['a', 'nobody', 'd']),
    ({ redis }) => redis.zincrby('z', 1.5, 'a'),
    ({ redis }) => redis.zrange('z', 0, -1),
    ({ redis }) => redis.zrange('z', 0, -1, { withScores: true }),
    ({ redis }) => redis.zrange('z', 0, 1, { rev: true }),
    ({ redis }) => redis.zrange('z', 2, 4, { byScore: true }),
    ({ redis }) => redis.zrange('z', '(2', '+inf', { byScore: true, withScores: true }),
    ({ redis }) => redis.zrange('z', '+inf', '-inf', { byScore: true, rev: true, offset: 1, count: 2 }),
    ({ redis }) => redis.zadd('lex', { score: 0, member: 'a' }, { score: 0, member: 'b' }, { score: 0, member: 'c' }, { score: 0, member: 'd' }),
    ({ redis }) => redis.zrange('lex', '[b', '(d', { byLex: true }),
    ({ redis }) => redis.zrange('lex', '-', '+', { byLex: true, offset: 1, count: 1 }),
    ({ redis }) => redis.zlexcount('lex', '-', '[b'),
    ({ redis }) => redis.zremrangebylex('lex', '[a', '[b'),
    ({ redis }) => redis.zcount('z', 2, 3),
    ({ redis }) => redis.zcount('z', '-inf', '(4'),
    ({ redis }) => redis.zrank('z', 'c'),
    ({ redis }) => redis.zrank('z', 'nobody'),
    ({ redis }) => redis.zrevrank('z', 'c'),
    ({ redis }) => redis.exec(['ZREVRANGE', 'z', '0', '-1', 'WITHSCORES']),
    ({ redis }) => redis.exec(['ZRANGEBYSCORE', 'z', '1', '3', 'LIMIT', '0', '2']),
    ({ redis }) => redis.zadd('y', { score: 10, member: 'a' }, { score: 20, member: 'x' }),
    ({ redis }) => redis.zunionstore('u', 2, ['z', 'y']),
    ({ redis }) => redis.zrange('u', 0, -1, { withScores: true }),
    ({ redis }) => redis.zunionstore('u', 2, ['z', 'y'], { weights: [2, 0.5], aggregate: 'max' }),
    ({ redis }) => redis.zrange('u', 0, -1, { withScores: true }),
    ({ redis }) => redis.zinterstore('i', 2, ['z', 'y'], { aggregate: 'min' }),
    ({ redis }) => redis.zrange('i', 0, -1, { withScores: true }),
    ({ redis }) => redis.zdiffstore('d', 2, 'z', 'y'),
    ({ redis }) => redis.zunion(2, ['z', 'y'], { withScores: true }),
    ({ redis }) => redis.exec(['ZINTER', '2', 'z', 'y']),
    ({ redis }) => redis.exec(['ZDIFF', '2', 'z', 'y', 'WITHSCORES']),
    ({ redis }) => redis.exec(['ZINTERCARD', '2', 'z', 'y']),
    ({ redis }) => redis.exec(['ZRANGESTORE', 'st', 'z', '0', '1']),
    ({ redis }) => redis.exec(['ZMPOP', '1', 'st', 'MIN']),
    ({ redis }) => redis.zpopmin('z'),
    ({ redis }) => redis.zpopmax('z', 2),
    ({ redis }) => redis.zpopmin('missing'),
    ({ redis }) => redis.zrem('u', 'a', 'nobody'),
    ({ redis }) => redis.zremrangebyrank('u', 0, 0),
    ({ redis }) => redis.zremrangebyscore('u', '-inf', 3),
    async ({ redis }) => { const [cursor, found] = await redis.zscan('u', 0); return [cursor, found.map(String)]; },
    ({ redis }) => redis.exec(['ZRANDMEMBER', 'lex', '-1', 'WITHSCORES']).then((found) => found.length),
    ({ redis }) => redis.exec(['ZADD', 'z', 'NaN', 'm']),
    ({ redis }) => redis.exec(['ZADD', 'z', 'inf', 'top']),
    ({ redis }) => redis.zscore('z', 'top'),
    ({ redis }) => redis.exec(['ZADD', 'z', 'NX', 'XX', '1', 'm']),
    ({ redis }) => redis.zadd('s', { score: 1, member: 'a' }),
    ({ redis }) => redis.zrange('z', '(x', 3, { byScore: true }),
  ],

  bits: [
    ({ redis }) => redis.setbit('bits', 7, 1),
    ({ redis }) => redis.setbit('bits', 7, 0),
    ({ redis }) => redis.setbit('bits', 100, 1),
    ({ redis }) => redis.getbit('bits', 100),
    ({ redis }) => redis.getbit('bits', 10000),
    ({ redis }) => redis.exec(['SET', 'foobar', 'foobar']),
    ({ redis }) => redis.bitcount('foobar'),
    ({ redis }) => redis.bitcount('foobar', 1, 1),
    ({ redis }) => redis.exec(['BITCOUNT', 'foobar', '5', '30', 'BIT']),
    ({ redis }) => redis.bitpos('foobar', 1),
    ({ redis }) => redis.bitpos('foobar', 0, 2),
    ({ redis }) => redis.bitpos('missing', 1),
    ({ redis }) => redis.exec(['SET', 'abcdef', 'abcdef']),
    ({ redis }) => redis.bitop('and', 'dest', 'foobar', 'abcdef'),
    ({ redis }) => redis.get('dest'),
    ({ redis }) => redis.bitop('xor', 'dest', 'foobar', 'abcdef'),
    ({ redis }) => redis.bitop('not', 'dest', 'foobar'),
    ({ redis }) => redis.bitop('or', 'dest', 'foobar', 'missing'),
    // The client miscounts what it sends together when one of them is a bit field.
    ({ single }) => single.bitfield('field').incrby('i5', 100, 1).get('u4', 0).exec(),
    ({ single }) => single.bitfield('field').set('u8', '#1', 200).overflow('SAT').incrby('u8', '#1', 100).exec(),
    ({ redis }) => redis.setbit('bits', -1, 1),
    ({ redis }) => redis.exec(['SETBIT', 'bits', '1', '2']),
  ],

  geo: [
    ({ redis }) => redis.geoadd('sicily', { longitude: 13.361389, latitude: 38.115556, member: 'Palermo' }, { longitude: 15.087269, latitude: 37.502669, member: 'Catania' }),
    ({ redis }) => redis.geoadd('sicily', { nx: true }, { longitude: 1, latitude: 2, member: 'Palermo' }),
    ({ redis }) => redis.geodist('sicily', 'Palermo', 'Catania'),
    ({ redis }) => redis.geodist('sicily', 'Palermo', 'Catania', 'KM'),
    ({ redis }) => redis.geodist('sicily', 'Palermo', 'nowhere'),
    ({ redis }) => redis.geohash('sicily', ['Palermo', 'Catania', 'nowhere']),
    ({ redis }) => redis.geopos('sicily', ['Palermo', 'nowhere']),
    ({ redis }) => redis.geosearch('sicily', { type: 'FROMLONLAT', coordinate: { lon: 15, lat: 37 } }, { type: 'BYRADIUS', radius: 200, radiusType: 'KM' }, 'ASC'),
    ({ redis }) => redis.geosearch('sicily', { type: 'FROMMEMBER', member: 'Palermo' }, { type: 'BYBOX', rect: { width: 400, height: 400 }, rectType: 'KM' }, 'DESC', { withDist: true, withCoord: true, withHash: true, count: { limit: 2 } }),
    ({ redis }) => redis.geosearchstore('near', 'sicily', { type: 'FROMLONLAT', coordinate: { lon: 15, lat: 37 } }, { type: 'BYRADIUS', radius: 100, radiusType: 'KM' }, 'ASC'),
    ({ redis }) => redis.zrange('near', 0, -1, { withScores: true }),
    ({ redis }) => redis.exec(['GEOADD', 'sicily', '200', '0', 'm']),
  ],

  estimates: [
    ({ redis }) => redis.pfadd('hll', 'a', 'b', 'c'),
    ({ redis }) => redis.pfadd('hll', 'a'),
    ({ redis }) => redis.pfcount('hll'),
    ({ redis }) => redis.pfadd('hll2', 'c', 'd'),
    ({ redis }) => redis.pfcount('hll', 'hll2'),
    ({ redis }) => redis.pfmerge('hll3', 'hll', 'hll2'),
    ({ redis }) => redis.pfcount('hll3'),
    ({ redis }) => redis.pfcount('missing'),
  ],

  batches: [
    ({ redis }) => redis.pipeline().set('p1', 1).incr('p1').get('p1').exec(),
    ({ redis }) => redis.pipeline().get('p1').lpush('p1', 'x').get('p1').exec({ keepErrors: true }).then((all) => all.map(({ result, error }) => ({ result, error }))),
    ({ redis }) => redis.multi().set('t', 1).incrby('t', 4).get('t').exec(),
    ({ redis }) => redis.multi().incr('t').hget('t', 'f').incr('t').exec({ keepErrors: true }).then((all) => all.map(({ result, error }) => ({ result, error }))),
    ({ redis }) => redis.multi().incr('t').exec(),
    ({ redis }) => Promise.all([redis.set('q', 'v'), redis.get('q'), redis.del('q'), redis.exists('q')]).then((all) => all.length),
    ({ redis }) => settled([redis.get('t'), redis.hgetall('t'), redis.get('missing')]),
    ({ single }) => single.set('one', { by: 'itself' }),
    ({ single }) => single.get('one'),
    ({ single }) => single.hget('one', 'f'),
    async ({ redis }) => {
      const p = redis.pipeline();
      for (let i = 0; i < 1000; i++) p.set(`many:${i}`, i);
      return (await p.exec()).every((one) => one === 'OK');
    },
    async ({ redis }) => (await redis.mget(...Array.from({ length: 1000 }, (_, i) => `many:${i}`))).reduce((sum, n) => sum + n, 0),
    async ({ redis }) => { const value = 'x'.repeat(1000000); await redis.set('long', value); return (await redis.get('long')) === value; },
  ],

  scripts: [
    ({ redis }) => redis.eval('return {KEYS[1], ARGV[1], ARGV[2]}', ['k'], ['a', 2]),
    ({ redis }) => redis.eval('return redis.call("SET", KEYS[1], ARGV[1])', ['scripted'], ['by a script']),
    ({ redis }) => redis.eval('return redis.call("GET", KEYS[1])', ['scripted'], []),
    ({ redis }) => redis.eval('return {1, 2.9, "x", false, {3}, nil, 4}', [], []),
    ({ redis }) => redis.eval('return redis.call("INCR", KEYS[1])', ['scripted'], []).catch((error) => /ERR value is not an integer or out of range/.test(error.message)),
    ({ redis }) => redis.eval('return redis.pcall("INCR", KEYS[1])["err"]', ['scripted'], []),
    ({ redis }) => redis.eval('return redis.error_reply("MINE is it")', [], []),
    ({ redis }) => redis.eval('return cjson.encode({a = 1, b = {1, 2}}) == \'{"a":1,"b":[1,2]}\' or cjson.decode("[1,2]")[2]', [], []),
    ({ redis }) => redis.scriptLoad('return ARGV[1] .. "!"'),
    ({ redis }) => redis.evalsha('c39a1ce4fa77b1a8c9a5c7bb6a2d1fc5d7c7d1f6', [], []),
    async ({ redis }) => redis.evalsha(await redis.scriptLoad('return ARGV[1] .. "!"'), [], ['hello']),
    async ({ redis }) => redis.scriptExists(await redis.scriptLoad('return 1'), '0000000000000000000000000000000000000000'),
    ({ redis }) => redis.createScript('return ARGV[1]').exec([], ['by its hash or by its text']),
    ({ redis }) => redis.evalRo('return redis.call("GET", KEYS[1])', ['scripted'], []),
    ({ redis }) => redis.evalRo('return redis.call("DEL", KEYS[1])', ['scripted'], []).catch((error) => /not allowed from read-only/.test(error.message)),
    ({ redis }) => redis.scriptFlush(),
    async ({ redis }) => redis.scriptExists('e0e1f9fabfc9d4800c877a703b823ac0578ff8db'),
  ],

  messages: [
    ({ redis }) => redis.publish('nobody', 'hears this'),
    async ({ redis }) => {
      const heard = [], subscriber = redis.subscribe(['news', 'sport']);
      await new Promise((done) => { let open = 0; subscriber.on('subscribe', () => { if (++open === 2) done(); }); });
      const all = new Promise((done) => subscriber.on('message', (message) => { heard.push(message); if (heard.length === 3) done(); }));
      const counts = [await redis.publish('news', 'a, b'), await redis.publish('news', { json: [1, null] }), await redis.publish('sport', 42)];
      await all;
      await subscriber.unsubscribe();
      return { counts, heard: heard.map(({ channel, message }) => ({ channel, message })).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)) };
    },
    async ({ redis }) => {
      const subscriber = redis.psubscribe(['user:*']);
      await new Promise((done) => subscriber.on('psubscribe', done));
      const one = new Promise((done) => subscriber.on('pmessage', done));
      await redis.publish('user:7', { signed: 'in' }); // the client takes nothing but JSON here
      const heard = await one;
      await subscriber.unsubscribe();
      return heard;
    },
    async ({ redis }) => { // closing the request unsubscribes
      for (let tries = 0; tries < 500; tries++) {
        if (await redis.publish('news', 'still there?') === 0) return 'nobody';
        await new Promise((done) => setTimeout(done, 20));
      }
      return 'somebody';
    },
  ],

  'forms of requests': [
    ({ http }) => http('GET', '/ping'),
    ({ http }) => http('GET', '/set/path/a%20b%2Fc'),
    ({ http }) => http('GET', '/get/path'),
    ({ http }) => http('POST', '/set/path?EX=100', 'a body, "quoted"'),
    ({ http }) => http('GET', '/get/path'),
    ({ http }) => http('PUT', '/append/path', ' more'),
    ({ http }) => http('GET', '/zadd/zpath?1=a&2=b'),
    ({ http }) => http('HEAD', '/get/path'),
    ({ http }) => http('GET', '/hset/path/f/v'),
    ({ http }) => http('POST', '/', '["GET","path"]'),
    ({ http }) => http('POST', '/', '["GET","path"', true),
    ({ http }) => http('POST', '/', '[]', true),
    ({ http }) => http('POST', '/pipeline', '[["GET","path"],["INCR","path"],["ECHO",true],["ECHO",1.5]]'),
    ({ http }) => http('POST', '/multi-exec', '[["GET","path"],["INCR","path"]]'),
    ({ http }) => http('POST', '/multi-exec', '[["SET","path","changed"],["GET"]]', true),
    ({ http }) => http('GET', '/get/path'),
    ({ http }) => http('GET', '/get/path?_token=nonsense', undefined, false, ''),
    ({ http }) => http('GET', `/get/path?_token=${TOKEN}`, undefined, false, ''),
    ({ http }) => http('GET', '/get/path', undefined, false, 'Bearer nonsense'),
  ],

  ...Object.fromEntries(['older', 'newer'].map((age) => [`ratelimit, ${age}`, [
    ({ limits }) => limits(age, 'fixedWindow', 5, '30 d').run(['a', 'a', 'b', 'a', 'a', 'a', 'a', 'a']),
    ({ limits }) => limits(age, 'fixedWindow', 5, '30 d').remaining('a'),
    ({ limits }) => limits(age, 'fixedWindow', 5, '30 d').run([['c', 3], ['c', 3], ['c', 2]]),
    ({ limits }) => limits(age, 'fixedWindow', 5, '30 d').reset('a'),
    ({ limits }) => limits(age, 'fixedWindow', 5, '30 d').run(['a']),
    ({ limits }) => limits(age, 'slidingWindow', 3, '30 d').run(['a', 'a', 'b', 'a', 'a', 'a']),
    ({ limits }) => limits(age, 'slidingWindow', 3, '30 d').remaining('a'),
    ({ limits }) => limits(age, 'slidingWindow', 3, '30 d').reset('a'),
    ({ limits }) => limits(age, 'slidingWindow', 3, '30 d').run(['a']),
    ({ limits }) => limits(age, 'tokenBucket', 2, '30 d', 4).run(['a', 'a', 'b', 'a', 'a', 'a', 'a']),
    ({ limits }) => limits(age, 'tokenBucket', 2, '30 d', 4).remaining('a'),
    ({ limits }) => limits(age, 'tokenBucket', 2, '30 d', 4).reset('a'),
    ({ limits }) => limits(age, 'tokenBucket', 2, '30 d', 4).run([['a', 3], ['a', 3]]),
    ({ limits }) => limits(age, 'cachedFixedWindow', 3, '30 d').run(['a', 'a', 'a', 'a', 'b']),
    ({ limits }) => limits(age, 'fixedWindow', 3, '30 d', { analytics: true }).run(['a', 'a', 'a', 'a']),
    ({ limits }) => limits(age, 'fixedWindow', 3, '30 d', { dynamicLimits: true, prefix: 'dynamic' }).dynamic(1, ['a', 'a', 'a']),
  ]])),
};

// What a Redis 7.0 does not know, and what it gives: as Redis 7.4 and 8 (https://redis.io/commands) or Upstash have it.
const soon = (numbers) => numbers.map((n) => (n > 90 && n <= 100 ? 'soon' : n > 90000 ? 'soon in ms' : n));
const onlyHere = [
  [({ redis }) => redis.flushall(), 'OK'],
  [({ redis }) => redis.hset('h', { a: 1, b: 'two', c: 3, d: 4 }), 4],
  [({ redis }) => redis.hexpire('h', 'a', 100), [1]],
  [({ redis }) => redis.hexpire('h', ['a', 'nobody'], 200, 'LT'), [0, -2]],
  [({ redis }) => redis.hexpire('missing', 'a', 100), [-2]],
  [async ({ redis }) => soon(await redis.httl('h', ['a', 'b', 'nobody'])), ['soon', -1, -2]],
  [({ redis }) => redis.hpexpire('h', ['b'], 100000), [1]],
  [async ({ redis }) => soon(await redis.hpttl('h', ['b', 'c'])), ['soon in ms', -1]],
  [({ redis }) => redis.hexpireat('h', 'c', inSecond() + 100), [1]],
  [({ redis }) => redis.hpexpireat('h', 'd', (inSecond() + 100) * 1000), [1]],
  [async ({ redis }) => { const [at] = await redis.hexpiretime('h', 'c'); return soon([at - inSecond()]); }, ['soon']],
  [async ({ redis }) => { const [at] = await redis.hpexpiretime('h', 'd'); return soon([Math.ceil(at / 1000) - inSecond()]); }, ['soon']],
  [({ redis }) => redis.hpersist('h', ['a', 'a', 'nobody']), [1, -1, -2]],
  [({ redis }) => redis.hexpire('h', 'd', 0), [2]],
  [({ redis }) => redis.hexists('h', 'd'), 0],
  [({ redis }) => redis.hsetex('h', { expiration: { ex: 100 } }, { e: 5, f: 6 }), 1],
  [({ redis }) => redis.hsetex('h', { conditional: 'fnx', expiration: { ex: 100 } }, { e: 7, g: 8 }), 0],
  [({ redis }) => redis.hgetex('h', { persist: true }, 'e', 'g'), { e: 5, g: null }],
  [async ({ redis }) => soon(await redis.httl('h', ['e', 'f'])), [-1, 'soon']],
  [({ redis }) => redis.hgetdel('h', 'e', 'f'), { e: 5, f: 6 }],
  [({ redis }) => redis.hlen('h'), 3],
  [({ redis }) => redis.set('s', 'v'), 'OK'],
  [({ redis }) => redis.exec(['SET', 's', 'w', 'IFEQ', 'x']), null],
  [({ redis }) => redis.exec(['SET', 's', 'w', 'IFEQ', 'v']), 'OK'],
  [({ redis }) => redis.exec(['DELEX', 's', 'IFNE', 'w']), 0],
  [({ redis }) => redis.exec(['DELEX', 's', 'IFEQ', 'w']), 1],
  [({ redis }) => redis.scan(0, { withType: true, count: 100 }), ['0', [{ key: 'h', type: 'hash' }]]],
  [({ redis }) => redis.eval('#!lua flags=allow-key-locking\nreturn redis.call("HGET", KEYS[1], "a")', ['h'], []), 1],
  [({ redis }) => redis.eval('#!lua flags=allow-key-locking\nreturn redis.call("GET", "other")', ['h'], []).catch((error) => /Dynamic keys are not allowed in Lua scripts when 'allow-key-locking' flag is set. Key was: other/.test(error.message)), true],
  [async ({ redis }) => { await redis.scriptLoad('return ARGV[1]'); return redis.evalshaRo('098e0f0d1448c0a81dafe820f66d460eb09263da', [], ['read']); }, 'read'],
  // What the token for reading may not.
  [({ reader }) => reader.hget('h', 'a'), 1],
  [({ reader }) => reader.hset('h', { a: 2 }).catch(text), "Command failed: NOPERM this user has no permissions to run the 'hset' command"],
  [({ reader }) => reader.keys('*').catch(text), "NOPERM this user has no permissions to run the 'keys' command"],
  [({ reader }) => reader.eval('return 1', [], []).catch(text), "Command failed: NOPERM this user has no permissions to run the 'eval' command"],
  [({ reader }) => reader.multi().hget('h', 'a').hdel('h', 'a').exec().catch(text), "NOPERM this user has no permissions to run the 'hdel' command"],
  [({ stranger }) => stranger.get('s').catch(text), 'WRONGPASS invalid or missing auth token'],
];

// What differs, and why. Each of these has to.
const deliberate = [
  ["exec(['NONSENSE'])", "an unknown command's arguments are not repeated: they may be secrets"],
  ["exec(['BLPOP'", 'nothing waits within a request: the command is not there'],
  ["exec(['OBJECT'", 'how a value is kept is nobody\'s business: the command is not there'],
  ["copy('a', 'a')", 'a key is not copied onto itself, which Upstash takes for no error'],
  ["newer: ({ limits }) => limits(age, 'cachedFixedWindow'", 'the newer client lets the last one through that the older refused'],
];

// ---- the clients of a place ----

async function ask(url, method, target, body, onlyStatus, authorization = `Bearer ${TOKEN}`) {
  const response = await fetch(url + target, { method, body, headers: authorization ? { authorization } : {} });
  const answered = await response.text();
  assert.ok(response.headers.get('upstash-sync-token'), 'every answer has a token');
  assert.match(response.headers.get('content-type'), /^application\/json/);
  const parsed = answered ? JSON.parse(answered) : null;
  assert.ok(response.ok || method === 'HEAD' || typeof parsed.error === 'string');
  return onlyStatus ? response.status : [response.status, parsed];
}

function limitsOf(redis) {
  return (age, algorithm, ...given) => {
    const { Ratelimit } = createRequire((age === 'older' ? OLDER : CLIENT) + '/')('@upstash/ratelimit');
    const options = typeof given.at(-1) === 'object' ? given.pop() : {};
    const prefix = `${age}:${options.prefix ?? algorithm}`;
    const limit = new Ratelimit({
      redis, limiter: Ratelimit[algorithm](...given), ephemeralCache: algorithm === 'cachedFixedWindow' ? new Map() : false, ...options, prefix });
    return {
      async run(askers) {
        const outcomes = [];
        for (const asker of askers) {
          const [id, rate] = [asker].flat();
          const { success, limit: of, remaining, pending } = await limit.limit(id, rate ? { rate } : undefined);
          await pending;
          outcomes.push([success, of, remaining]);
        }
        return outcomes;
      },
      async remaining(id) { return (await limit.getRemaining(id)).remaining; },
      async reset(id) { await limit.resetUsedTokens(id); return sorted(redis.keys(`${prefix}:${id}*`)); },
      async dynamic(n, askers) {
        if (limit.setDynamicLimit) await limit.setDynamicLimit({ limit: n });
        return this.run(askers);
      },
    };
  };
}

function clientsOf(url) {
  const at = { url, token: TOKEN, retry: false };
  const redis = new Redis(at);
  return {
    redis,
    raw: new Redis({ ...at, automaticDeserialization: false }),
    plain: new Redis({ ...at, responseEncoding: false }),
    single: new Redis({ ...at, enableAutoPipelining: false }),
    reader: new Redis({ ...at, token: READING }),
    stranger: new Redis({ ...at, token: 'of-somebody-else' }),
    http: (...request) => ask(url, ...request),
    limits: limitsOf(redis),
  };
}

// ---- the session ----

const wanted = process.argv[2] ? process.argv[2].split(',') : Object.keys(groups);

async function session(url) {
  const clients = clientsOf(url), outcomes = [];
  await clients.redis.flushdb();
  for (const group of wanted)
    for (const [index, step] of groups[group].entries()) {
      let outcome;
      try {
        outcome = { gave: await step(clients) };
      } catch (error) {
        outcome = { failed: text(error) };
      }
      outcomes.push({ group, index, step: `${group}: ${step}`, outcome: JSON.stringify(outcome) });
    }
  return outcomes;
}

// How many of the steps that Redis cannot judge gave something else.
async function tryOnlyHere() {
  const clients = clientsOf(SERVER);
  let wrong = 0;
  for (const [step, expected] of onlyHere) {
    const got = await step(clients).catch((error) => ({ failed: text(error) }));
    if (JSON.stringify(got) === JSON.stringify(expected)) continue;
    wrong++;
    console.log(`WRONG:\n  ${step}\n    here ${JSON.stringify(got)}\n    wanted ${JSON.stringify(expected)}`);
  }
  console.log(`${onlyHere.length} steps that a Redis 7.0 does not know, ${wrong} wrong`);
  return wrong;
}

async function main() {
  const { openGateway } = await import(pathToFileURL(path.join(__dirname, 'upstash_gateway.mjs')));
  const gateway = await openGateway(REDIS, TOKEN);
  const ours = await session(SERVER), theirs = await session(gateway.url);
  const met = new Set();
  let equal = 0, unlisted = 0;

  gateway.close();
  for (const { group, index, step, outcome: got } of ours) {
    // A Redis 7.0 refuses the newer client's scripts for their flag allow-key-locking. They count as the older's do.
    const twin = group.replace('ratelimit, newer', 'ratelimit, older');
    const other = theirs.find((one) => one.group === twin && one.index === index).outcome;
    const listed = deliberate.find(([part]) => step.includes(part));
    if (got === other) {
      equal++;
    } else if (listed) {
      met.add(listed);
      console.log(`differs: ${listed[1]}:\n  ${step}\n    here ${got.slice(0, 400)}\n    Redis ${other.slice(0, 400)}`);
    } else {
      unlisted++;
      console.log(`DIFFERS:\n  ${step}\n    here ${got.slice(0, 400)}\n    Redis ${other.slice(0, 400)}`);
    }
  }
  console.log(`${ours.length} steps, ${equal} equal, ${met.size} deliberate differences, ${unlisted} others`);
  if (!process.argv[2]) deliberate.filter((one) => !met.has(one)).forEach(([part]) => { unlisted++; console.log(`no longer differs: ${part}`); });
  process.exit(unlisted + await tryOnlyHere() ? 1 : 0);
}

main().catch((error) => { console.log(error.stack); process.exit(1); });
