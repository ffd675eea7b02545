'use strict';
'require baseclass';
'require rpc';

/* The ubus object goipd. Every function resolves to the daemon's reply or to an object with
 * `error`, a code, and `message`, a sentence; none rejects. */

/* The code of what ubus itself refuses: rpcd does not know the object, or not this session. */
const NO_UBUS = 'ubus';

/* The most messages that goipd puts on a page of a list. */
const PAGE = 200;

function method(name, params) {
	const call = rpc.declare({ object: 'goipd', method: name, params: params, reject: true });

	return (...args) => call(...args).then(
		reply => (reply !== null && typeof(reply) == 'object') ? reply
			: { error: NO_UBUS, message: _('The answer is empty.') },
		/* LuCI puts a stack trace behind the first line. */
		problem => ({ error: NO_UBUS, message: String(problem.message).split('\n')[0] })
	);
}

const list = method('list', [ 'state', 'after', 'limit' ]);
const inbox = method('inbox', [ 'after', 'limit' ]);

/* All that `ask(after)` lists with ids in (low, high], newest first; or its error. */
async function between(ask, low, high) {
	const found = [];

	for (let after = low; after < high; ) {
		const reply = await ask(after);

		if (reply.error)
			return reply;

		const page = reply.messages || [];

		found.push(...page.filter(m => m.id <= high));

		if (!page.length)
			break;

		after = reply.next;
	}

	return found.reverse();
}

return baseclass.extend({
	status: method('status'),
	lines: method('lines'),
	message: method('message', [ 'id' ]),
	cancel: method('cancel', [ 'id' ]),
	resend: method('resend', [ 'id' ]),
	optouts: method('optouts', [ 'after', 'limit' ]),
	optout: method('optout', [ 'number', 'do' ]),

	/* Whether the configuration is right; with `live` what the boxes say, too. */
	check: method('check', [ 'live' ]),
	inbox: inbox,

	/* `key` makes the request repeatable where its reply was lost. */
	send: method('send', [ 'to', 'text', 'line', 'key' ]),

	/* The newest `count` messages with ids up to `high`, newest first, in one state or, without
	 * it, in any: { messages, low }, all of whose ids are above `low`; 0 is the end.
	 *
	 * goipd lists from the oldest on. Ids have gaps where messages were forgotten or are in
	 * another state, so each step back is twice as long as the one before. */
	async newest(state, high, count) {
		const ask = after => list(state || undefined, after, PAGE);
		const found = [];
		let low = high;

		for (let step = count; low > 0 && found.length < count; step *= 2) {
			const from = Math.max(0, low - step);
			const more = await between(ask, from, low);

			if (more.error)
				return more;

			found.push(...more);
			low = from;
		}

		if (found.length > count) {
			found.length = count;
			low = found[count - 1].id - 1;
		}

		return { messages: found, low: low };
	},

	/* What `check` finds wrong with the configuration, as a node; null if nothing. */
	mistakes(check) {
		if (!check.errors || !check.errors.length)
			return null;

		return E('div', { 'class': 'alert-message warning', 'id': 'goipd-mistakes' }, [
			E('h4', {}, [ _('goipd does not take this configuration') ]),
			E('div', { 'style': 'overflow-wrap:anywhere' }, check.errors.map(e => E('p', {}, [ e.message ])))
		]);
	},

	/* What to tell where goipd has not answered: a node for the place of the answer. */
	trouble(reply) {
		let title, cure;

		if (reply.error == NO_UBUS) {
			title = _('The router does not answer for goipd');
			cure = _('If it was just installed, restart rpcd and log in again: %s').format('/etc/init.d/rpcd restart');
		}
		else if (reply.error == 'unreachable') {
			title = _('goipd is not running');
			cure = _('Enter address, user and password of the GoIP under Settings, tick Enabled there, and press Save & Apply. If it ends by itself, the system log says why.');
		}

		return E('div', { 'class': 'alert-message warning', 'id': 'goipd-trouble' }, [
			title ? E('h4', {}, [ title ]) : '',
			cure ? E('p', {}, [ cure ]) : '',
			E('p', {}, [ reply.message || reply.error ])
		]);
	}
});
