'use strict';
'require view';
'require poll';
'require ui';
'require goipd.api as api';
'require goipd.compose as compose';
'require goipd.look as look';

/* Seconds between two looks. */
const INTERVAL = 3;

/* Messages on a page. */
const ROWS = 25;

/* The most messages that are asked for at once. */
const ASKED = 200;

/* Whom an answer can reach: a name is no number. */
const NUMBER = new RegExp('^[+]?[0-9]{2,20}$');

return view.extend({
	handleSave: null,
	handleSaveApply: null,
	handleReset: null,

	/* What was received, the oldest first, and the id behind which goipd is asked for more. */
	messages: [],
	next: 0,

	/* How many of the newest are on the pages before this one. */
	skipped: 0,

	lines: [],
	place: null,

	async refresh() {
		let reply;

		do {
			reply = await api.inbox(this.next || undefined, ASKED);

			if (reply.error)
				break;

			const known = this.next;

			/* Two looks may have asked for the same. A part stands in its joined message. */
			this.messages = this.messages.concat(reply.messages.filter(m => m.id > known && !m.part_of));
			this.next = Math.max(known, reply.next);
		} while (reply.messages.length);

		const wrong = reply.error ? reply : null;

		look.show(this.place, [ wrong, this.next, this.skipped ],
			() => [ wrong ? api.trouble(wrong) : this.list() ]);
	},

	turn(skipped) {
		this.skipped = skipped;

		return this.refresh();
	},

	reply(m) {
		ui.showModal([ _('Reply to %s').format(m.from) ], [
			look.passage(m.text),
			compose.render(this.lines, { to: m.from, line: m.line }, () => {}),
			E('div', { 'class': 'right' }, [ look.button('neutral', _('Close'), ui.hideModal) ])
		]);
	},

	row(m) {
		return [
			/* What was there before goipd has only the time that the box has given it. */
			m.old ? [ look.name(m.device_time), ' ', look.label('notice', _('older')) ] : look.time(m.received),
			look.name(m.from),
			look.passage(m.text),
			look.name(m.line),
			L.hasViewPermission() && NUMBER.test(m.from)
				? look.button('action', _('Reply'), ui.createHandlerFn(this, 'reply', m)) : ''
		];
	},

	list() {
		const newest = this.messages.slice().reverse();
		const end = this.skipped + ROWS;

		return E('div', {}, [
			look.table([ _('Received'), _('From'), _('Text'), _('Line'), '' ],
				newest.slice(this.skipped, end).map(m => this.row(m)),
				_('Nothing was received yet.')),
			E('div', { 'class': 'right' }, [
				look.button('neutral', _('Newer'), ui.createHandlerFn(this, 'turn',
					Math.max(0, this.skipped - ROWS)), !this.skipped),
				' ',
				look.button('neutral', _('Older'), ui.createHandlerFn(this, 'turn', end), end >= newest.length)
			])
		]);
	},

	async render() {
		this.place = E('div', { 'id': 'goipd-inbox' });

		const lines = await api.lines();

		this.lines = lines.lines || [];

		await this.refresh();
		poll.add(() => this.refresh(), INTERVAL);

		return E('div', {}, [ E('h2', {}, [ _('Inbox') ]), E('div', { 'class': 'cbi-section' }, [ this.place ]) ]);
	}
});
