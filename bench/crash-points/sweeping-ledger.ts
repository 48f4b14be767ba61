/** A ledger that sweeps as if a quarter of an hour had passed, until it is killed: `node sweeping-ledger.ts <url> <data folder>`. */
import { randomUUID } from 'node:crypto';
import { connectBus } from '../../bus/connect.ts';
import { startEventPublisher } from '../../bus/events.ts';
import { createLog } from '../../bus/log.ts';
import { LIMITS } from '../../config/limits.ts';
import { startLedger } from '../../ledger/start.ts';
import { Sweeper } from '../../ledger/sweeper.ts';

const SWEEP_MS = 20;

const [servers = '', dataDir = ''] = process.argv.slice(2);
const log = createLog({ level: 'silent', name: 'ledger' });
const bus = await connectBus({ servers, name: 'ledger', log });
const events = startEventPublisher(bus, { log, dataDir });
const ledger = await startLedger(bus, { ledgerId: randomUUID(), events, log, priceOf: () => 0n });
const sweeper = new Sweeper(ledger, { events, log });
setInterval(() => sweeper.sweep(Date.now() + LIMITS.ledgerReservationMsMax + 1_000), SWEEP_MS);
