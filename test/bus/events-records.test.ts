import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeRecords, type EventRecord, encodeRecord } from '../../bus/spool-records.ts';

const text = fc.string({ unit: 'grapheme', maxLength: 40 });
const record: fc.Arbitrary<EventRecord> = fc.record({
  subject: text,
  id: text,
  data: fc.uint8Array({ maxLength: 300 }),
});

function plain(records: readonly EventRecord[]) {
  return records.map(({ subject, id, data }) => [subject, id, Buffer.from(data).toString('hex')]);
}

test('records come back as they were', () => {
  fc.assert(
    fc.property(fc.array(record, { maxLength: 8 }), (records) => {
      const file = Buffer.concat(records.map(encodeRecord));
      const content = decodeRecords(file);
      assert.deepEqual(plain(content.records), plain(records));
      assert.equal(content.bytes, file.length);
    }),
  );
});

test('of a file that was cut anywhere, exactly the whole records come back', () => {
  fc.assert(
    fc.property(fc.array(record, { minLength: 1, maxLength: 5 }), fc.nat(), (records, where) => {
      const encoded = records.map(encodeRecord);
      const file = Buffer.concat(encoded);
      const cut = where % file.length;
      let whole = 0;
      for (let end = 0; end + (encoded[whole]?.length ?? 0) <= cut; whole += 1) {
        end += encoded[whole]?.length ?? 0;
      }
      assert.deepEqual(
        plain(decodeRecords(file.subarray(0, cut)).records),
        plain(records.slice(0, whole)),
      );
    }),
  );
});

test('a record with a byte that fell over ends the file', () => {
  fc.assert(
    fc.property(
      record,
      record,
      fc.nat(),
      fc.integer({ min: 1, max: 255 }),
      (one, two, at, flip) => {
        const first = encodeRecord(one);
        const second = encodeRecord(two);
        const index = at % second.length;
        second[index] = (second[index] ?? 0) ^ flip;
        const content = decodeRecords(Buffer.concat([first, second]));
        assert.deepEqual(plain(content.records), plain([one]));
        assert.equal(content.bytes, first.length);
      },
    ),
  );
});
