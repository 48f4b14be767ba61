/** A ledger in a process of its own, to be killed by a test: `node ledger-process.ts <url> <user> <password> <data folder>`. */
import { randomUUID } from 'node:crypto';
import { connectBus } from '../../../bus/connect.ts';
import { startEventPublisher } from '../../../bus/events.ts';
import { createLog } from '../../../bus/log.ts';
import { startLedger } from '../../../ledger/start.ts';

const [servers = '', user = '', password = '', dataDir = ''] = process.argv.slice(2);
const log = createLog({ level: 'silent', name: 'ledger' });
const bus = await connectBus({ servers, user, password, name: 'ledger', log });
const events = startEventPublisher(bus, { log, dataDir });
const ledger = await startLedger(bus, {
  ledgerId: randomUUID(),
  events,
  log,
  priceOf: () => 777n,
});
process.stdout.write('ready\n');
process.once('SIGTERM', () => {
  void ledger[Symbol.asyncDispose]().then(() => process.exit(0));
});
