// node s3-process.ts: the simulated S3 in a process of its own, so that it takes no time from who is measured.
// Prints how to reach it; ends when its stdin does.
import { startS3 } from '../../demo/s3/start-s3.ts';

const { close, ...place } = await startS3();
process.stdin.on('end', () => void close().finally(() => process.exit(0))).resume();
console.log(JSON.stringify(place));
