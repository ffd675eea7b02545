// The npm package goip with its class HttpSms, as its own documentation uses it.
//
// Environment: RELAY, and TOKEN of the client 'nagios'.
'use strict';

const assert = require('node:assert');
const { HttpSms } = require('goip');

const { RELAY, TOKEN } = process.env;

async function main() {
    const options = { waitForStatus: true, waitTries: 200, waitTime: 100 };
    const sms = new HttpSms(`${RELAY}/`, 1, 'nagios', TOKEN, options);
    const sent = await sms.send('+4915112345678', 'Grüße von der Pumpe');
    assert.match(sent.raw, /^Sending,L1 Send SMS to:\+4915112345678; ID:[0-9a-f]{8}$/);
    assert.strictEqual(sent.status, 'send', JSON.stringify(sent));
    assert.strictEqual(await sms.isSend(sent.id), true);

    const wrong = new HttpSms(RELAY, 1, 'nagios', 'wrong', options);
    await assert.rejects(wrong.send('+4915112345678', 'x'), /ERROR,user or password error/);
    const nobody = new HttpSms(RELAY, 1, 'nagios', TOKEN, options);
    await assert.rejects(nobody.send('12x', 'x'), /ERROR,L1 invalid_number/);
}

main().catch((error) => {
    console.error(error);
    process.exit(1);
});
