// SPDX-License-Identifier: MIT
// mp4box.js ROOT FILE: prints the codecs parameter of each track, as JSON.
const fs = require('fs');
const [root, path] = process.argv.slice(2);
const MP4Box = require(root + '/node_modules/mp4box');

const file = MP4Box.createFile();
file.onError = error => { throw new Error(error); };
file.onReady = info =>
  console.log(JSON.stringify(info.tracks.map(track => track.codec)));
const data = fs.readFileSync(path);
const buffer = data.buffer.slice(data.byteOffset, data.byteOffset + data.length);
buffer.fileStart = 0;
file.appendBuffer(buffer);
file.flush();
