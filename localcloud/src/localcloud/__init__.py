"""The local cloud: LocalStack, a Lambda runner and a Redshift stand-in as plain processes of this machine.

Three parts that know little of each other: `localcloud.runner` runs Lambda functions and knows no engine,
`localcloud.plugins` joins it to LocalStack, and the rest (`cli`, `cloud`) starts and stops it all. The rest of the
project knows only endpoint URLs.
"""
