#!/bin/sh
# The box's web form by curl, as scripts do it: take the form's key, send, and look for the key on
# the status page. Environment: RELAY, and TOKEN of the client 'nagios'.
set -eu
pages=$RELAY/default/en_US

ask() { curl --fail --silent --show-error --max-time 20 --user "nagios:$TOKEN" "$@"; }

key=$(ask "$pages/tools.html?type=sms" | sed -n 's/.*name="smskey" value="\([0-9a-f]*\)".*/\1/p')
[ ${#key} = 8 ] || {
    echo "the form's key is '$key'" >&2
    exit 1
}
# Two fields are ticked in the form of a box with two lines; here it is the first.
ask --data line1=1 --data "smskey=$key" --data action=SMS --data-urlencode telnum=+4915112345678 \
    --data-urlencode "smscontent=Wasser 1,82 m & steigt" --data send=Send \
    "$pages/sms_info.html?type=sms" | grep -F '<td id="send1">Line 1 Sending...'

# It takes a second or two; a busy machine is given 20.
tries=0
until ask "$pages/send_sms_status.xml?line=&ajaxcachebust=$tries" >status.xml &&
    grep -qF "<smskey1>$key</smskey1>" status.xml &&
    grep -qF "<status1>DONE</status1>" status.xml; do
    tries=$((tries + 1))
    [ "$tries" -lt 200 ] || {
        cat status.xml >&2
        exit 1
    }
    sleep 0.1
done
grep -F "<error1></error1>" status.xml
