/** A process with a nats-server of its own, to be killed by a test: `node nats-server-parent.ts <binary> <data folder>`. */
import { createLog } from '../../bus/log.ts';
import { startNatsServer } from '../../bus/nats-server.ts';

const [binary = '', dataDir = ''] = process.argv.slice(2);
const log = createLog({ level: 'silent', name: 'parent' });
const { url, user, password, pid } = await startNatsServer({ binary, dataDir, log });
process.stdout.write(`${JSON.stringify({ url, user, password, pid })}\n`);
