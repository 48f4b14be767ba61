/** The address is taken by another program. */
export class AddressInUseError extends Error {
  override readonly name = 'AddressInUseError';
  readonly code = 'EADDRINUSE';
  readonly port: number;

  constructor(host: string, port: number) {
    super(`port ${port} on ${host} is in use by another program`);
    this.port = port;
  }
}
