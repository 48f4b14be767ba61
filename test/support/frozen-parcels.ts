import type { Bus } from '../../bus/connect.ts';

/** A connection whose parcels are frozen before they leave: who changes what another role of the process got, throws. */
export function withFrozenParcels(bus: Bus): Bus {
  const publish: Bus['publish'] = (subject, message, reply) => {
    if (!(message instanceof Uint8Array)) freeze(message.content);
    bus.publish(subject, message, reply);
  };
  return new Proxy(bus, {
    get: (target, name) => (name === 'publish' ? publish : Reflect.get(target, name, target)),
  });
}

function freeze(value: unknown): void {
  // Elements of a typed array cannot be frozen.
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return;
  Object.freeze(value);
  for (const inner of Object.values(value)) freeze(inner);
}
