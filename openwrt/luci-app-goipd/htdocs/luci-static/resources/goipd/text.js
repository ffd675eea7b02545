'use strict';
'require baseclass';

/* How a text goes over the air: its alphabet and its segments, counted as goipd does
 * (src/message/text.rs), so that the form says what will be charged. */

/* The GSM 7-bit default alphabet and its extension table (3GPP TS 23.038 clause 6.2.1). */
const basic = new Set('@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?' +
	'¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà');
const extension = new Set('\f^{}\\[~]|€');

/* Units of a segment that is alone, and of each of several. */
const room = { gsm7: [ 160, 153 ], ucs2: [ 70, 67 ] };

return baseclass.extend({
	/* The most bytes of a text, in UTF-8. */
	maxBytes: 3000,

	/* encoding, segments, units that are left in the last segment, and bytes in UTF-8. */
	shape(text) {
		const chars = Array.from(text);
		const encoding = chars.every(c => basic.has(c) || extension.has(c)) ? 'gsm7' : 'ucs2';
		const units = chars.map(c => encoding == 'ucs2' ? c.length : extension.has(c) ? 2 : 1);
		const all = units.reduce((sum, n) => sum + n, 0);
		const bytes = new TextEncoder().encode(text).length;

		if (all <= room[encoding][0])
			return { encoding: encoding, segments: 1, left: room[encoding][0] - all, bytes: bytes };

		/* No character is split between segments. */
		const most = room[encoding][1];
		let segments = 1, filled = 0;

		for (const n of units) {
			filled += n;

			if (filled > most) {
				segments++;
				filled = n;
			}
		}

		return { encoding: encoding, segments: segments, left: most - filled, bytes: bytes };
	}
});
