#!/usr/bin/env node
// A worker in Node: gzip of a text or a file.
//
//     [pool gzip]
//     program = /usr/share/doc/offload/examples/gzip.mjs
//     methods = gzip gunzip gzip_file
//     in-flight = 4
//
//     $ offload call gzip text='hello hello hello'
//     "H4sIAAAAAAAAA8tIzcnJV8ggRAIA..."
//     $ offload call gzip_file path=/var/log/dpkg.log
//     {"path":"/var/log/dpkg.log.gz","before":81234,"after":9182}
//
// zlib does its work on threads of its own, so that several jobs really run at once.
import { createReadStream, createWriteStream } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import zlib from 'node:zlib';

const UNPACKED_MAX = 1 << 20; // a small text can be the gzip of a very large one

// What the client is told: an error object of JSON-RPC.
class Refused extends Error {
  constructor(code, message, reason) {
    super(message);
    this.error = { code, message, data: { reason } };
  }
}

function text(params, name) {
  if (typeof params?.[name] !== 'string') {
    throw new Refused(-32602, 'Invalid params', `${name} must be a string`);
  };
  return params[name];
}

async function gzip(params) {
  return (await promisify(zlib.gzip)(text(params, 'text'))).toString('base64');
}

async function gunzip(params) {
  const packed = Buffer.from(text(params, 'data'), 'base64');
  try {
    return (await promisify(zlib.gunzip)(packed, { maxOutputLength: UNPACKED_MAX })).toString();
  } catch (problem) {
    throw new Refused(-32602, 'Invalid params', `data: ${problem.message}`);
  }
}

// FILE.gz appears whole or not at all, and the file stays.
async function gzipFile(params) {
  const path = text(params, 'path');
  const half = `${path}.gz.${process.pid}`;
  try {
    await pipeline(createReadStream(path), zlib.createGzip(), createWriteStream(half, { flags: 'wx' }));
    const after = (await stat(half)).size;
    await rename(half, `${path}.gz`);
    return { path: `${path}.gz`, before: (await stat(path)).size, after };
  } catch (problem) {
    if (problem.code !== 'EEXIST') await rm(half, { force: true }).catch(() => {});
    throw new Refused(1, 'Cannot compress the file', problem.message);
  }
}

const methods = new Map([['gzip', gzip], ['gunzip', gunzip], ['gzip_file', gzipFile]]);

async function answer(request) {
  const method = methods.get(request.method);
  if (!method) return { error: { code: -32601, message: 'Method not found' } };
  try {
    return { result: await method(request.params) };
  } catch (problem) {
    if (!(problem instanceof Refused)) throw problem;
    return { error: problem.error };
  }
}

// Cuts bytes into lines. (node:readline takes U+2028 for the end of a line as well, JSON does not.)
async function* lines(stream) {
  let pieces = [];
  for await (let chunk of stream) {
    for (let end; (end = chunk.indexOf(10)) >= 0; chunk = chunk.subarray(end + 1)) {
      yield Buffer.concat([...pieces, chunk.subarray(0, end)]).toString();
      pieces = [];
    }
    pieces.push(chunk);
  }
}

// The id is taken as text: a large one does not fit into a JavaScript number. The daemon writes the
// members in this order and without blanks.
for await (const line of lines(process.stdin)) {
  const id = /^\{"jsonrpc":"2\.0","id":(\d+),/.exec(line)?.[1];
  if (id === undefined) continue; // a blank line or a notification: never answered
  answer(JSON.parse(line)).then((outcome) => {
    const rest = JSON.stringify(outcome).slice(1); // what follows the brace
    process.stdout.write(`{"jsonrpc":"2.0","id":${id},${rest}\n`);
  });
}
