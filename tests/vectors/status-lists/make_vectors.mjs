// Lists made by @digitalbazaar/vc-bitstring-status-list, for tests/formats/test_bitstring_status_list.py.
import {createList, createCredential} from '@digitalbazaar/vc-bitstring-status-list';
import {writeFileSync} from 'node:fs';
const cases = [
  {length: 131072, indexes: []},
  {length: 131072, indexes: [0]},
  {length: 131072, indexes: [131071]},
  {length: 131072, indexes: [0, 1, 7, 8, 9, 15, 16, 94567, 131070]},
  {length: 262144, indexes: Array.from({length: 500}, (_, i) => (i * 523 + 11) % 262144).sort((a, b) => a - b)},
];
const out = [];
for(const {length, indexes} of cases) {
  const list = await createList({length});
  indexes.forEach(i => list.setStatus(i, true));
  const credential = await createCredential({
    id: 'https://example.com/credentials/status/3', list, statusPurpose: 'revocation'});
  out.push({length, indexes, credential});
}
writeFileSync('lists.json', JSON.stringify(out, null, 1) + '\n');
