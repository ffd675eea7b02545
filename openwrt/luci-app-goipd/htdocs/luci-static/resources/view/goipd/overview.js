'use strict';
'require view';
'require poll';
'require ui';
'require goipd.api as api';
'require goipd.look as look';

/* Seconds between two looks. */
const INTERVAL = 3;

const lineStates = {
	idle: _('ready'),
	sending: _('sending'),
	checking: _('checking what became of a message'),
	held: _('waiting')
};

function registration(line) {
	if (line.registered === null || line.registered === undefined)
		return '-';

	return line.registered ? look.label('success', _('yes')) : look.label('bad', _('no'));
}

/* A box reports 0 to 31, and 99 where it knows none; -113 dBm and 2 dB a step (3GPP TS 27.007). */
function signal(value) {
	if (typeof(value) != 'number' || value > 31)
		return '-';

	return [
		E('meter', { 'min': 0, 'max': 31, 'low': 10, 'high': 15, 'optimum': 31, 'value': value,
			'style': 'vertical-align:middle;width:5em' }),
		' ' + _('%d of 31, %d dBm').format(value, 2 * value - 113)
	];
}

function lineRow(line) {
	const word = lineStates[line.state] || line.state;

	return [
		line.line,
		look.label(line.up ? 'success' : 'bad', word),
		registration(line),
		signal(line.signal),
		look.text(line.operator),
		String(line.queued),
		look.text(line.reason)
	];
}

function daemon(status) {
	const counters = status.counters || {};
	const waiting = (counters.submitting || 0) + (counters.sending || 0);

	return look.facts([
		[ _('Version'), String(status.version) ],
		[ _('Running for'), look.duration(status.uptime) ],
		[ _('Messages waiting'), String(counters.queued || 0) ],
		[ _('Messages on their way'), String(waiting) ],
		[ _('Sent'), String((counters.sent || 0) + (counters.delivered || 0)) ],
		[ _('Failed or expired'), String((counters.failed || 0) + (counters.expired || 0) + (counters.undelivered || 0)) ],
		[ _('Unknown whether sent'), String(counters.unknown || 0) ]
	]);
}

const findings = { ok: 'success', warning: 'warning', error: 'bad' };

/* What the boxes say by themselves. */
function boxes(check) {
	if (check.error)
		return look.refusal(check);

	return api.mistakes(check) || look.table([ _('Device'), '', _('Found') ],
		check.findings.map(f => [ f.device, look.label(findings[f.level] || '', f.level), look.text(f.message) ]),
		_('No device is configured.'));
}

return view.extend({
	handleSave: null,
	handleSaveApply: null,
	handleReset: null,

	async render() {
		const found = E('div', { 'id': 'goipd-boxes' });
		const test = ui.createHandlerFn(this, async () => L.dom.content(found, [ boxes(await api.check(true)) ]));
		const place = E('div', { 'id': 'goipd-overview' });

		const refresh = async () => {
			const [ status, lines ] = await Promise.all([ api.status(), api.lines() ]);
			const wrong = status.error ? status : lines.error ? lines : null;

			if (wrong) {
				const check = await api.check();

				look.show(place, [ wrong, check ], () => [ api.trouble(wrong), api.mistakes(check) ]);
				return;
			}

			look.show(place, [ status, lines ], () => [
				E('div', { 'class': 'cbi-section' }, [
					E('h3', {}, [ _('Lines') ]),
					look.table(
						[ _('Line'), _('State'), _('Registered'), _('Signal'), _('Operator'), _('Waiting'), _('Reason') ],
						lines.lines.map(lineRow),
						_('No line is configured; add a device under Settings.')
					)
				]),
				E('div', { 'class': 'cbi-section' }, [ E('h3', {}, [ _('Daemon') ]), daemon(status) ])
			]);
		};

		await refresh();
		poll.add(refresh, INTERVAL);

		return E('div', {}, [
			E('h2', {}, [ _('GoIP SMS') ]),
			place,
			E('div', { 'class': 'cbi-section' }, [
				E('p', {}, [ look.button('action', _('Test the boxes'), test), ' ',
					_('Asks each for its lines: is it reached, and the login right?') ]),
				found
			])
		]);
	}
});
