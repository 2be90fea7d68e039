import {readFileSync} from 'node:fs';
import {checkStatus} from '@digitalbazaar/vc-bitstring-status-list';
import {DataIntegrityProof} from '@digitalbazaar/data-integrity';
import {createVerifyCryptosuite} from '@digitalbazaar/eddsa-jcs-2022-cryptosuite';
import {contexts as vcContexts} from '@digitalbazaar/credentials-context';
const ours = JSON.parse(readFileSync('ours.json'));
const documents = new Map(Object.entries(ours.documents));
for(const [url, document] of vcContexts) documents.set(url, document);
const did = documents.get('did:web:registry.example');
for(const m of did.verificationMethod) documents.set(m.id, {'@context': 'https://w3id.org/security/multikey/v1', ...m});
const documentLoader = async url => {
  const document = documents.get(url);
  if(!document) throw new Error('not here: ' + url);
  return {contextUrl: null, documentUrl: url, document};
};
const suite = new DataIntegrityProof({cryptosuite: createVerifyCryptosuite()});
let good = 0;
for(const {document, expected} of ours.credentials) {
  const result = await checkStatus({credential: document, documentLoader, suite, verifyMatchingIssuers: false});
  if(!result.verified) { console.log(result.error ?? result); process.exit(1); }
  const got = ['revocation', 'suspension'].map(p => result.results.find(r => r.credentialStatus.statusPurpose === p).status);
  if(JSON.stringify(got) !== JSON.stringify(expected)) { console.log('wrong', got, expected); process.exit(1); }
  good++;
}
console.log(good, 'credentials read as expected');
