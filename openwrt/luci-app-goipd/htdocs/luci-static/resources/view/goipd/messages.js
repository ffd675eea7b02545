'use strict';
'require view';
'require poll';
'require ui';
'require goipd.api as api';
'require goipd.compose as compose';
'require goipd.look as look';

/* Seconds between two looks. */
const INTERVAL = 3;

/* Messages on a page, and characters of each text there. */
const ROWS = 25;
const SHORT = 160;

/* What can be done in which state; everything else the daemon refuses with too_late. */
const cancellable = [ 'queued' ];
const resendable = [ 'failed', 'unknown' ];

function details(m) {
	const problem = m.problem;

	ui.showModal([ _('Message %d').format(m.id) ], [
		look.facts([
			[ _('State'), look.state(m.state) ],
			[ _('Problem'), problem ? look.text(problem.message) : '-' ],
			[ _('To'), look.text(m.to) ],
			[ _('Text'), look.passage(m.text) ],
			[ _('Line'), look.text(m.line) ],
			[ _('Accepted'), look.time(m.created) ],
			[ _('Changed'), look.time(m.updated) ],
			[ _('Tries'), String(m.attempts) ],
			[ _('Segments'), String(m.segments) + ', ' + m.encoding ],
			[ _('Job of the box'), look.text(m.device_id) ],
			[ _('Tag'), look.text(m.tag) ]
		]),
		E('div', { 'class': 'right' }, [ look.button('neutral', _('Close'), ui.hideModal) ])
	]);
}

return view.extend({
	handleSave: null,
	handleSaveApply: null,
	handleReset: null,

	/* What the list shows: messages in this state, up to this id; null is the newest. */
	state: '',
	high: null,

	/* The upper ends of the pages before this one. */
	before: [],

	/* The list, and above it what was refused. */
	place: null,
	said: null,

	async refresh() {
		const asked = [ this.state, this.high ];
		const status = await api.status();
		const high = this.high === null && !status.error ? status.counters.last_id : this.high;
		const page = status.error ? status : await api.newest(this.state, high, ROWS);

		/* Something else was asked for meanwhile. */
		if (asked[0] !== this.state || asked[1] !== this.high)
			return;

		look.show(this.place, [ page, this.high ], () => [ page.error ? api.trouble(page) : this.list(page) ]);
	},

	/* Shows another page or other states. */
	turn(high, before) {
		this.high = high;
		this.before = before;

		return this.refresh();
	},

	/* Cancels or sends again, and says if that was refused. */
	async act(method, id) {
		const reply = await method(id);

		L.dom.content(this.said, reply.error ? [ look.refusal(reply) ] : []);

		return this.refresh();
	},

	resend(m) {
		ui.showModal([ _('Send message %d again?').format(m.id) ], [
			E('p', {}, [ m.state == 'unknown'
				? _('Nobody knows whether it was sent, so it may arrive twice.')
				: _('It was not sent as a whole; of several segments some may have gone out.') ]),
			E('div', { 'class': 'right' }, [
				look.button('neutral', _('Dismiss'), ui.hideModal),
				' ',
				look.button('action important', _('Send again'), ui.createHandlerFn(this, async () => {
					await this.act(api.resend, m.id);
					ui.hideModal();
				}))
			])
		]);
	},

	row(m) {
		const may = L.hasViewPermission();
		const buttons = [ look.button('neutral', _('Details'), () => details(m)) ];

		if (may && cancellable.includes(m.state))
			buttons.push(' ', look.button('remove', _('Cancel'), ui.createHandlerFn(this, 'act', api.cancel, m.id)));

		if (may && resendable.includes(m.state))
			buttons.push(' ', look.button('action', _('Send again'), ui.createHandlerFn(this, 'resend', m)));

		const state = [ look.state(m.state) ];

		if (m.problem)
			state.push(E('div', {}, [ look.text(m.problem.message, SHORT) ]));

		return [ String(m.id), look.time(m.updated), look.name(m.to), look.passage(m.text, SHORT), state,
			look.name(m.line), E('div', { 'class': 'nowrap' }, buttons) ];
	},

	list(page) {
		const nodes = [ look.table(
			[ _('No.'), _('Changed'), _('To'), _('Text'), _('State'), _('Line'), '' ],
			page.messages.map(m => this.row(m)),
			this.state ? _('No message is in this state.') : _('There is no message yet.')
		) ];

		return E('div', {}, nodes.concat([
			E('div', { 'class': 'right' }, [
				look.button('neutral', _('Newest'), ui.createHandlerFn(this, 'turn', null, []), this.high === null),
				' ',
				look.button('neutral', _('Newer'), ui.createHandlerFn(this, 'turn',
					this.before[this.before.length - 1] ?? null, this.before.slice(0, -1)), this.high === null),
				' ',
				look.button('neutral', _('Older'), ui.createHandlerFn(this, 'turn',
					page.low, this.before.concat([ this.high ])), !page.low)
			])
		]));
	},

	filter() {
		const choice = E('select', { 'id': 'goipd-filter', 'class': 'cbi-input-select' },
			[ [ '', _('all') ] ].concat(look.states).map(s => E('option', { 'value': s[0] }, [ s[1] ])));

		choice.addEventListener('change', () => {
			this.state = choice.value;
			this.turn(null, []);
		});

		return E('p', {}, [ E('label', {}, [ _('State'), ' ', choice ]) ]);
	},

	async render() {
		const nodes = [ E('h2', {}, [ _('Messages') ]) ];

		this.place = E('div', { 'id': 'goipd-messages' });
		this.said = E('div');

		if (L.hasViewPermission()) {
			const lines = await api.lines();

			nodes.push(E('div', { 'class': 'cbi-section' }, [
				E('h3', {}, [ _('New message') ]),
				compose.render(lines.lines || [], {}, () => this.turn(null, []))
			]));
		}

		nodes.push(E('div', { 'class': 'cbi-section' }, [ this.filter(), this.said, this.place ]));

		await this.refresh();
		poll.add(() => this.refresh(), INTERVAL);

		return E('div', {}, nodes);
	}
});
