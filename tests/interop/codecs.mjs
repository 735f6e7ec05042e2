// SPDX-License-Identifier: MIT
// Prints what mp4box.js takes the codecs parameter of each track for.
import fs from 'node:fs';
import { createFile, MP4BoxBuffer } from 'mp4box';

const file = createFile();
file.onError = (message) => { throw new Error(message); };
file.onReady = (info) => {
  console.log(JSON.stringify(info.tracks.map((track) => track.codec)));
};
const bytes = new Uint8Array(fs.readFileSync(process.argv[2]));
file.appendBuffer(MP4BoxBuffer.fromArrayBuffer(bytes.buffer, 0));
file.flush();
