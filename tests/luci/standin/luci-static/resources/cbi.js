/* Of LuCI's cbi.js what pages use: translation and String.format. */
'use strict';

function _(s) {
	return s;
}

/* %s and %d; %h is %s that is safe in HTML. */
String.prototype.format = function(...args) {
	return this.replace(/%(06x|[sdhx%])/g, (whole, kind) => {
		if (kind === '%')
			return '%';

		const value = args.shift();

		switch (kind) {
		case 'd':
			return String(Math.trunc(+value || 0));
		case 'h':
			return String(value).replace(/[<>&"']/g, c => '&#' + c.charCodeAt(0) + ';');
		case 's':
			return String(value);
		default:
			return (+value >>> 0).toString(16).padStart(kind === 'x' ? 0 : 6, '0');
		}
	});
};
