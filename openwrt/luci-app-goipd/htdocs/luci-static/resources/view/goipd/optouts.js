'use strict';
'require view';
'require poll';
'require ui';
'require goipd.api as api';
'require goipd.look as look';

/* Seconds between two looks. */
const INTERVAL = 5;

/* Numbers on a page. */
const ROWS = 100;

return view.extend({
	handleSave: null,
	handleSaveApply: null,
	handleReset: null,

	/* The number behind which the page begins, and those of the pages before it. */
	after: null,
	before: [],

	place: null,
	said: null,

	async refresh() {
		const after = this.after;
		const page = await api.optouts(after || undefined, ROWS);

		/* Another page was asked for meanwhile. */
		if (after !== this.after)
			return;

		look.show(this.place, [ page, after ], () => [ page.error ? api.trouble(page) : this.list(page) ]);
	},

	turn(after, before) {
		this.after = after;
		this.before = before;

		return this.refresh();
	},

	async act(number, what) {
		const reply = await api.optout(number, what);

		L.dom.content(this.said, reply.error ? [ look.refusal(reply) ] : []);
		await this.refresh();

		return !reply.error;
	},

	list(page) {
		const numbers = page.optouts;

		return E('div', {}, [
			look.table([ _('Number'), _('Since'), '' ], numbers.map(one => [
				look.name(one.number),
				look.time(one.since),
				L.hasViewPermission()
					? look.button('remove', _('Remove'), ui.createHandlerFn(this, 'act', one.number, 'remove')) : ''
			]), _('Nobody has opted out.')),
			E('div', { 'class': 'right' }, [
				look.button('neutral', _('Back'), ui.createHandlerFn(this, 'turn',
					this.before[this.before.length - 1] ?? null, this.before.slice(0, -1)), this.after === null),
				' ',
				look.button('neutral', _('More'), ui.createHandlerFn(this, 'turn',
					page.next, this.before.concat([ this.after ])), numbers.length < ROWS)
			])
		]);
	},

	entry() {
		const number = E('input', { 'type': 'tel', 'id': 'goipd-number', 'class': 'cbi-input-text',
			'placeholder': '+4915112345678', 'autocomplete': 'off' });

		return E('p', {}, [ number, ' ', look.button('add', _('Add'), ui.createHandlerFn(this, async () => {
			if (await this.act(number.value, 'add'))
				number.value = '';
		})) ]);
	},

	async render() {
		this.place = E('div', { 'id': 'goipd-optouts' });
		this.said = E('div');

		await this.refresh();
		poll.add(() => this.refresh(), INTERVAL);

		return E('div', {}, [
			E('h2', {}, [ _('Opt-outs') ]),
			E('p', {}, [ _('Numbers that want no more messages. What is sent to them is refused.') ]),
			E('div', { 'class': 'cbi-section' }, [ L.hasViewPermission() ? this.entry() : '', this.said, this.place ])
		]);
	}
});
