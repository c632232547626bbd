-- The extension pgcrypto. The keys and messages are GnuPG's, made for this file.
CREATE EXTENSION pgcrypto;
SELECT digest('abc', 'md5'), digest('abc'::bytea, 'SHA1'), digest('', 'sha224');
SELECT digest('abc', 'sha256'), digest('abc', 'sha384'), digest('abc', 'sha512');
SELECT digest('abc', 'sha3-256'), digest('abc', 'sha512-256'), digest('abc', 'blake2b512'), digest('abc', 'blake2s256'), digest('abc', 'ripemd160');
SELECT digest('abc', 'nosuch');
SELECT digest(NULL, 'md5') IS NULL, hmac('Ab', 'key', 'md5'), hmac('\x00ff'::bytea, '\x01'::bytea, 'sha256'), hmac('', '', 'sha1');
SELECT hmac('what do ya want for nothing?', repeat('k', 200), 'sha512');
SELECT hmac('a', 'k', 'x');
SELECT crypt('pw', 'ab'), crypt('a much longer password', 'ab'), crypt('pw', '$1$salt'), crypt('pw', '$2a$04$abcdefghijklmnopqrstuu');
SELECT crypt('pässwörd', '$2x$05$abcdefghijklmnopqrstuu'), crypt('pässwörd', '$2a$05$abcdefghijklmnopqrstuu'), crypt('a much longer password', '_J9..rasm');
SELECT crypt('', 'xy'), crypt('', '$1$'), crypt('', '_J9..rasm'), crypt('', '$2a$05$abcdefghijklmnopqrstuu');
SELECT crypt('pw', '_........');
SELECT crypt('pw', '$2a$03$abcdefghijklmnopqrstuu');
SELECT crypt('pw', 'x');
SELECT length(gen_salt('des')), length(gen_salt('md5')), left(gen_salt('xdes'), 5), left(gen_salt('xdes', 1001), 5), left(gen_salt('bf'), 7), left(gen_salt('BF', 11), 7), length(gen_salt('bf'));
SELECT gen_salt('bf', 3);
SELECT gen_salt('xdes', 1000);
SELECT gen_salt('sha');
SELECT crypt('secret', h) = h, crypt('other', h) = h FROM (SELECT crypt('secret', gen_salt('bf', 4)) h) s;
SELECT crypt('secret', h) = h, crypt('other', h) = h FROM (SELECT crypt('secret', gen_salt('md5')) h) s;
SELECT crypt('secret', h) = h, crypt('other', h) = h FROM (SELECT crypt('secret', gen_salt('xdes')) h) s;
SELECT encrypt('data', 'key', 'aes'), encrypt('data', 'key', 'aes-ecb'), encrypt('data', 'a longer key of 24 byte', 'AES-CBC/pad:pkcs'), encrypt('0123456789abcdef', 'key', 'aes/pad:none');
SELECT encrypt('data', 'key', '3des'), encrypt_iv('data', 'key', 'initial vector', 'aes'), encrypt_iv('data', 'key', 'iv', '3des'), encrypt('', 'key', 'aes');
SELECT convert_from(decrypt(encrypt('data', 'key', 'aes'), 'key', 'aes'), 'UTF8'), decrypt_iv(encrypt_iv('data', 'key', 'iv', '3des'), 'key', 'iv', '3des');
SELECT decrypt('\x00112233445566778899aabbccddeeff', 'key', 'aes/pad:none');
SELECT encrypt('data', 'key', 'aes/pad:none');
SELECT decrypt('data', 'key', 'aes');
SELECT decrypt('\x00112233445566778899aabbccddeeff', 'key', 'aes');
SELECT decrypt_iv('data', 'key', 'iv', 'aes');
SELECT encrypt('data', 'key', 'rot13');
SELECT encrypt('data', 'key', 'aes-ofb');
SELECT encrypt('data', 'key', 'aes/padding:none');
SELECT length(gen_random_bytes(1)), length(gen_random_bytes(1024)), gen_random_bytes(16) <> gen_random_bytes(16), public.gen_random_uuid() <> public.gen_random_uuid();
SELECT gen_random_bytes(0);
SELECT gen_random_bytes(1025);
SELECT armor('some data'), armor(decode(repeat('61', 100), 'hex')), armor('');
SELECT armor('data', '{Version,Comment}', '{"Tarn 1", "a: b"}');
SELECT armor('data', '{a}', '{b,c}');
SELECT armor('data', '{"a: b"}', '{c}');
SELECT armor('data', '{ä}', '{c}');
SELECT armor('data', ARRAY[NULL], '{c}');
SELECT armor('data', '{{a}}', '{{c}}');
SELECT dearmor(armor('some data')), dearmor(armor('data', '{Version}', '{"Tarn 1"}'));
SELECT * FROM pgp_armor_headers(armor('data', '{Version,Comment}', '{"Tarn 1", "a: b"}'));
SELECT dearmor('no armor');
SELECT dearmor(replace(armor('some data'), '=', 'A'));
SELECT pgp_sym_decrypt(pgp_sym_encrypt('Grüße', 'pw'), 'pw'), pgp_sym_decrypt_bytea(pgp_sym_encrypt_bytea('\x00ff', 'pw'), 'pw'), pgp_sym_decrypt(pgp_sym_encrypt('', 'pw'), 'pw') = '';
SELECT bool_and(pgp_sym_decrypt(pgp_sym_encrypt(repeat(E'a line\n', 300), 'pw', o), 'pw', 'expect-cipher-algo=aes128,expect-s2k-mode=3,expect-s2k-digest-algo=sha1,expect-sess-key=0,expect-disable-mdc=0,expect-compress-algo=0,expect-unicode-mode=0') = repeat(E'a line\n', 300) ORDER BY n) FROM unnest(ARRAY['', 'cipher-algo=aes256', 'cipher-algo=aes192, sess-key=1', 'cipher-algo = 3des,disable-mdc=1', 'compress-algo=1', 'compress-algo=2, compress-level=9', 'compress-algo=1, compress-level=0', 's2k-mode=0', 's2k-mode=1, s2k-digest-algo=md5', 's2k-digest-algo=sha512, s2k-count=65536', 'unicode-mode=1', 'convert-crlf=0', 'S2K-Digest-Algo=SHA256']) WITH ORDINALITY u(o, n);
SELECT pgp_sym_decrypt(pgp_sym_encrypt(E'a\nb', 'pw', 'convert-crlf=1'), 'pw') = E'a\r\nb', pgp_sym_decrypt(pgp_sym_encrypt(E'a\nb', 'pw', 'convert-crlf=1'), 'pw', 'convert-crlf=1') = E'a\nb';
SELECT pgp_sym_decrypt(pgp_sym_encrypt('a', 'pw'), 'other');
SELECT pgp_sym_decrypt(pgp_sym_encrypt_bytea('a', 'pw'), 'pw');
SELECT pgp_sym_decrypt('not a message', 'pw');
SELECT pgp_sym_encrypt('a', '');
SELECT pgp_sym_encrypt('a', 'pw', 'cipher-algo=rot13');
SELECT pgp_sym_encrypt('a', 'pw', 'cipher-algo');
SELECT pgp_sym_encrypt('a', 'pw', 'no-such=1');
SELECT pgp_sym_encrypt('a', 'pw', 's2k-mode=2');
SELECT pgp_sym_encrypt('a', 'pw', 's2k-digest-algo=crc');
SELECT pgp_sym_encrypt('a', 'pw', 'compress-algo=3');
SELECT pgp_sym_encrypt('a', 'pw', 's2k-mode=0, s2k-count=2000');
CREATE TABLE gpg (what text PRIMARY KEY, armored text);
INSERT INTO gpg VALUES ('rsa.pub', '
-----BEGIN PGP PUBLIC KEY BLOCK-----

mI0Eaw1bqAEEAMt7/7ComCrxlEGuM3dR1RA9g5uegxi1ifxwMPOimRKZYBgl0Ewg
GkFBg7YqcR8rrraETdQpAtjwKllrLC1B7yRODyNNhZCPWsTYMEzKTn7NxvxESOsz
9UZ0N9ZNLkJmwljhNJKuO5rdmzvbe7ln1UWHyTEHWWMnMit8Vpedh+p9ABEBAAG0
AVSIzgQTAQoAOBYhBGqi7YEAteh8+yfiItcgOqUKPiiJBQJrDVuoAhsDBQsJCAcC
BhUKCQgLAgQWAgMBAh4BAheAAAoJENcgOqUKPiiJT1oD/REiQCByQm/5B+UYach7
q8k1IC+zCzP9M9dw1Vf8sHoTX7i3xfW474LYvvSPs4MbNxF5B7mBaWyZpxCoHtc3
BQnzjlsslZkkyBgpDZ+3NGpEGmTXjSuPw9FMHOIllfzEEkq4uyPCgiEetSnxYedN
QfTmZ5sAtnTHosgFXbX6i+UBuI0Eaw1bqAEEANxzBqawCvh+Jh9rNftqnwZEIdTQ
8iFMjy3ubUskUFc64K9IwC68jXX0yw0wi6SLcRKyzi4DGNiMDd5exPxoSdfvXARV
h4e5fShgEhFCMipunF5rDe087PnIjBTH8NXNPYdc5Qw4qJa6B0AXD1PD9nSwNI/t
2OCKPb5s2Utqo4WZABEBAAGItgQYAQoAIBYhBGqi7YEAteh8+yfiItcgOqUKPiiJ
BQJrDVuoAhsMAAoJENcgOqUKPiiJAY4D/jWiviQsbP2IC4lTBgDaprO0oZvZpwN8
jG66M0EBnYbWEMWZyMbBZA5p7mB3ONuFILIHHiZWlRiBqWtI4A004XH3jAC0e/hA
wG5+ibK8vZ/q578CpGSiNQEB1k5A6Ja+UU4ygYblTWIqpe8ScQFQ8KzSQj6/3bVv
wwj4MIkrWRmg
=Zltw
-----END PGP PUBLIC KEY BLOCK-----
');
INSERT INTO gpg VALUES ('rsa.sec', '
-----BEGIN PGP PRIVATE KEY BLOCK-----

lQHYBGsNW6gBBADLe/+wqJgq8ZRBrjN3UdUQPYObnoMYtYn8cDDzopkSmWAYJdBM
IBpBQYO2KnEfK662hE3UKQLY8CpZaywtQe8kTg8jTYWQj1rE2DBMyk5+zcb8REjr
M/VGdDfWTS5CZsJY4TSSrjua3Zs723u5Z9VFh8kxB1ljJzIrfFaXnYfqfQARAQAB
AAP/ZF3hpPvLrqbg5zKq7Qg+jReiYjBh3l6w1IRsCMgjM5LWXKLOJrZQ7O4JLuGp
UWQk9Z61mtetsV5orRlZPWt/rekoYZlS8eVMmBONOvj4LnjSEulU7qkHBq0MKiXg
SMijZKjFtdXATnkkk1wPT7TZ9N/EHN5GIULBBsbQpzHbKzsCANH3GydujXlAluQZ
wjfum0TO6hge+rZiPeJt7q+ntBMqU9rUN6a6Yi+cDn4VYVd+ULuERH25Msj7tmtp
dGsipAsCAPgZInKYZ/db63f0zOE0GEE37310RnzzgaxM3/4XhiqJvAvBNaRVGLCB
wccywCvq+AgAcosdVvLRnmclV3oceJcB/3cW49yhIQFW60naG81vb6CzO8fME+zc
F0IWUbnxD/NCVwvyI0Yvbh96lElueDAh9iNCNllLtDjaQ/dp6d1gjjqhZ7QBVIjO
BBMBCgA4FiEEaqLtgQC16Hz7J+Ii1yA6pQo+KIkFAmsNW6gCGwMFCwkIBwIGFQoJ
CAsCBBYCAwECHgECF4AACgkQ1yA6pQo+KIlPWgP9ESJAIHJCb/kH5RhpyHuryTUg
L7MLM/0z13DVV/ywehNfuLfF9bjvgti+9I+zgxs3EXkHuYFpbJmnEKge1zcFCfOO
WyyVmSTIGCkNn7c0akQaZNeNK4/D0Uwc4iWV/MQSSri7I8KCIR61KfFh501B9OZn
mwC2dMeiyAVdtfqL5QGdAdgEaw1bqAEEANxzBqawCvh+Jh9rNftqnwZEIdTQ8iFM
jy3ubUskUFc64K9IwC68jXX0yw0wi6SLcRKyzi4DGNiMDd5exPxoSdfvXARVh4e5
fShgEhFCMipunF5rDe087PnIjBTH8NXNPYdc5Qw4qJa6B0AXD1PD9nSwNI/t2OCK
Pb5s2Utqo4WZABEBAAEAA/9hic9mjzu7aO1rN1+CJ1HHTvv9EpofW6V6OCVJev7F
KbriM3k89JZOm4oAAvu2STA1isGpIButLIKyYhIcb/RDcUuQ0J1pU95Wkk90p2p+
KxA36ev8snU+UFAwI+W3vnqp/mT3H7bsa4aYwXNpQI8TFVkzZlZfVcfP9DZLiZ3y
hQIA50VoX/zutDOksAsFADn8i+Sb7s2+nCyRVbLMgcvzt9w2a2HCQ6a1AReixBnM
dw2VXJHY3+OGlw0dsoQ2a7Z2dwIA9AVkhf3GXIHBw45RhvjBu0lMN7CAbctE4eys
rgV9/jpsJv8Kz0PdX/QSCVGxHMqchstUEIwTDAOvLg3bG60YbwIAgWLnTXj/duSQ
umpyzV6GxJA0UcWz5nYU6hyYLPz2rqa5r+6/4JTtmBLvQNj+/iUaHE5VKij+uwNW
22M7wr1v1aStiLYEGAEKACAWIQRqou2BALXofPsn4iLXIDqlCj4oiQUCaw1bqAIb
DAAKCRDXIDqlCj4oiQGOA/41or4kLGz9iAuJUwYA2qaztKGb2acDfIxuujNBAZ2G
1hDFmcjGwWQOae5gdzjbhSCyBx4mVpUYgalrSOANNOFx94wAtHv4QMBufomyvL2f
6ue/AqRkojUBAdZOQOiWvlFOMoGG5U1iKqXvEnEBUPCs0kI+v921b8MI+DCJK1kZ
oA==
=PWY5
-----END PGP PRIVATE KEY BLOCK-----
');
INSERT INTO gpg VALUES ('elg.pub', '
-----BEGIN PGP PUBLIC KEY BLOCK-----

mQGiBGsNW7MRBADC5Gip2/TNW7rYVdrb+Imi8Y1rquJTcRgnRfgZrt++bE/z1q6t
4UCFEn58A+jwUER+ztq/KwxTRfLer4ejfqLkNt11ECsxTnd5yZkDFFKBKAt765Er
Z21k6ugdX8OJXURJOEvugBHKGeVeNzOWgz3kARxoSCsgOOQ2Fh+hBc64fwCglQ3O
GncVEwDlCLMDXS6BYh/8rI0D/055VhmbeW82ndrZNoLz0A5VQ99Y4WqwlarA0927
850zDFtitYrJmuIaWlnNK+9rD5MdN3dFjEKG9e+6yjCytgM9Ww+ANcm//4PExQUX
hPZ/+3qHr02gLGWqRzYfnnIrjJdHMoE5JpZtVCr9lj0f3A9uUrXbm0aRcWOrNZzJ
joBZBACssakBgaOmKLnYf1gxXDMLgsETAJ2HLgBUdniqY/fPhiQFiVDij8Gp7W+7
Hv84cswiV8yLLcfL/tyzv/Kj9NxMJ8rSQlkexBfWmsxAVYMQ8Y8JK47FWhLC3SRL
+rRGx3Gu3+N1/R6fyIuoMiP7dv4OMEIVHjJ12gvWmuuSsunwHbQBRYh4BBMRAgA4
FiEENSYmW3y+YWZ3m+8rGWxQqLlfvn4FAmsNW7MCGwMFCwkIBwIGFQoJCAsCBBYC
AwECHgECF4AACgkQGWxQqLlfvn7xTACggGFquxihamvYlL3aiUPZTDeUvCoAn3iD
KeH8d2zZcmW416Y1ZP5ogzGjuQENBGsNW7MQBADYDcwWIIqs20uI9pLO9n+L5uqQ
a3rvWOG3kdv/Wj5EjjSaj0d5v05aB/+TLmWbrhzIOGE1r1DuuqYB83w2vVdk5gP5
k4mhrPck+rOBnQ2cjJaxcVM8yhz2dnz4SyCcRI8WrjDrkI/bj9wSGzMlxmAfBkfP
yxjaomPcJ5IvkxLU4wADBQQApk3IFajwhGAF+xYy6bVtocuRtAl6XNNDTb2OWKIC
f+2F8G8RJC30mqqRBW7Q7AZEAha1KVX54pI98r+WSdv66KZpBlp7OXfrrzmqY3wR
y3c1m+tls/xRKZwNxNjctQf8fdtd225/rJosjyJo0PiPsIZDJSf2Po9MGG/0KGBC
6vGIYAQYEQIAIBYhBDUmJlt8vmFmd5vvKxlsUKi5X75+BQJrDVuzAhsMAAoJEBls
UKi5X75+2NUAniFyndmgYaPtyQxk0OI+viPLzKvuAJ9jR6iOA0uul/IqR5omdsYA
5Ghe/g==
=5JVc
-----END PGP PUBLIC KEY BLOCK-----
');
INSERT INTO gpg VALUES ('elg.sec', '
-----BEGIN PGP PRIVATE KEY BLOCK-----

lQHpBGsNW7MRBADC5Gip2/TNW7rYVdrb+Imi8Y1rquJTcRgnRfgZrt++bE/z1q6t
4UCFEn58A+jwUER+ztq/KwxTRfLer4ejfqLkNt11ECsxTnd5yZkDFFKBKAt765Er
Z21k6ugdX8OJXURJOEvugBHKGeVeNzOWgz3kARxoSCsgOOQ2Fh+hBc64fwCglQ3O
GncVEwDlCLMDXS6BYh/8rI0D/055VhmbeW82ndrZNoLz0A5VQ99Y4WqwlarA0927
850zDFtitYrJmuIaWlnNK+9rD5MdN3dFjEKG9e+6yjCytgM9Ww+ANcm//4PExQUX
hPZ/+3qHr02gLGWqRzYfnnIrjJdHMoE5JpZtVCr9lj0f3A9uUrXbm0aRcWOrNZzJ
joBZBACssakBgaOmKLnYf1gxXDMLgsETAJ2HLgBUdniqY/fPhiQFiVDij8Gp7W+7
Hv84cswiV8yLLcfL/tyzv/Kj9NxMJ8rSQlkexBfWmsxAVYMQ8Y8JK47FWhLC3SRL
+rRGx3Gu3+N1/R6fyIuoMiP7dv4OMEIVHjJ12gvWmuuSsunwHf4HAwIHDg+EB7sF
8P9Ism7xPCMCblJvdhggoYwzL8/bKaoYo7RdccAJPFBNchVahkEroXibG2xa5YTs
OJOhtwX8rB2/Oh0otAFFiHgEExECADgWIQQ1JiZbfL5hZneb7ysZbFCouV++fgUC
aw1bswIbAwULCQgHAgYVCgkICwIEFgIDAQIeAQIXgAAKCRAZbFCouV++fvFMAKCA
YWq7GKFqa9iUvdqJQ9lMN5S8KgCfeIMp4fx3bNlyZbjXpjVk/miDMaOdAV8Eaw1b
sxAEANgNzBYgiqzbS4j2ks72f4vm6pBreu9Y4beR2/9aPkSONJqPR3m/TloH/5Mu
ZZuuHMg4YTWvUO66pgHzfDa9V2TmA/mTiaGs9yT6s4GdDZyMlrFxUzzKHPZ2fPhL
IJxEjxauMOuQj9uP3BIbMyXGYB8GR8/LGNqiY9wnki+TEtTjAAMFBACmTcgVqPCE
YAX7FjLptW2hy5G0CXpc00NNvY5YogJ/7YXwbxEkLfSaqpEFbtDsBkQCFrUpVfni
kj3yv5ZJ2/ropmkGWns5d+uvOapjfBHLdzWb62Wz/FEpnA3E2Ny1B/x9213bbn+s
miyPImjQ+I+whkMlJ/Y+j0wYb/QoYELq8f4HAwJhEPzlFrjbxP/6OEqSCi/kqf6m
TUuTjcfwjgC0tRAFaFpNQeNvZtrDdvqhrnALPFoRTvk0ov0XsyFxOI1Z/yR2Yhbg
tMIn0UNQU0x3puaIYAQYEQIAIBYhBDUmJlt8vmFmd5vvKxlsUKi5X75+BQJrDVuz
AhsMAAoJEBlsUKi5X75+2NUAniFyndmgYaPtyQxk0OI+viPLzKvuAJ9jR6iOA0uu
l/IqR5omdsYA5Ghe/g==
=RPjq
-----END PGP PRIVATE KEY BLOCK-----
');
INSERT INTO gpg VALUES ('rsa.msg', '
-----BEGIN PGP MESSAGE-----

hIwDyq5Y5ZxhXUkBBADH01J15SXA4Mo0bOLBfweYmYfOhhaXJsCQKfk3MKoOW4XY
Kbw/HoGMSDcZEQSRhAN+rZLjTg3xWtIHqOwLqA1CPOtL1YaNRNaHkADmnwX8Wt71
SGylIZUJVwVoxMjP6MxRPN3QdBG8CSm1xkEG98aZ98CltQlCqqwhQyTqGQkSP9JN
AY4t/MAygHed/x81dnUpdb14966mN1jQ1E7BeKJN/JPhlS9E8ZFGSmvoPLFOgMR2
l3lPnP6iDO64CxA4du/7QKJaiOrmsJGmv6GQrb4=
=wTN+
-----END PGP MESSAGE-----
');
INSERT INTO gpg VALUES ('elg.msg', '
-----BEGIN PGP MESSAGE-----

hQEOAyXhO3WI2GQSEAP/bJYtfAyXwikxI2pOHYSpYH11oo5VIE4pcTbBEev+gxrl
SOOABpB0Xiw+OhYG1edSkozOYY0ubnwpNkEKsaBQGvm9/ui0s4BjUkOjZJbo6B/G
9WRGpP4OdjZkF+eAtxB+hazT8Bz9Ut2T1Hsv3l4ffJQyW6Zb66o/WEqJld3JsoED
/A6WlYDHQ4wWHSRDPcj3fRqnuKHB5LNenxiTi4MAUOwHOenLwVyLmoexVY5MXkCN
VShAj7mrEiiDamwuqveNOp9IGK1RT0CMuRd6Gyyto0RZOpHNDTCB4H5gfsSxXvlY
M710noKr26j2HWcPmRBY3uJBtstsCiRzq0PvGdI/1KhP0kcB+lcKffXZmRQTU8vm
sODPqZQZ9QICKj1cxkaogRhlVOsckL+/DEB2uhyIhS/LJI+2l+2oTr9Fvecn34Wf
jKutXLJUpYeGZA==
=EAQ5
-----END PGP MESSAGE-----
');
INSERT INTO gpg VALUES ('sym.msg', '
-----BEGIN PGP MESSAGE-----

jA0ECQMIpVrfi/2ZY1f/0kcBCpZ5N6dCWbYZNS8FLE4kswA3RHEY5l4khvPYXMSo
8JZ9YWO8UfuHEzZiPq6/P2jrJuVWk/Hse6u6QjF67zbcfB3LZSlz1g==
=wX+k
-----END PGP MESSAGE-----
');
INSERT INTO gpg VALUES ('sym3.msg', '
-----BEGIN PGP MESSAGE-----

jA0EAgMC5KK1OXTJ32n/ySgyVwDofpCDMf3yPFFyjfJVqHeRWmIj0BdFh4gvgg40
0BYL5/xiUM/z
=z1le
-----END PGP MESSAGE-----
');
CREATE FUNCTION gpg(text) RETURNS bytea LANGUAGE sql STABLE AS 'SELECT dearmor(armored) FROM gpg WHERE what = $1';
SELECT pgp_sym_decrypt(gpg('sym.msg'), 'pw', 'expect-cipher-algo=aes256, expect-s2k-digest-algo=sha256'), pgp_sym_decrypt_bytea(gpg('sym3.msg'), 'pw', 'expect-cipher-algo=aes');
SELECT pgp_sym_decrypt(gpg('sym.msg'), 'wrong');
SELECT pgp_pub_decrypt(gpg('rsa.msg'), gpg('rsa.sec')), convert_from(pgp_pub_decrypt_bytea(gpg('elg.msg'), gpg('elg.sec'), 'sesame'), 'UTF8');
SELECT pgp_pub_decrypt(gpg('rsa.msg'), gpg('rsa.sec'), '', 'expect-cipher-algo=3des');
SELECT pgp_pub_decrypt(gpg('elg.msg'), gpg('elg.sec'));
SELECT pgp_pub_decrypt(gpg('elg.msg'), gpg('elg.sec'), 'mellon');
SELECT pgp_pub_decrypt(gpg('elg.msg'), gpg('elg.sec'), 'sesame');
SELECT pgp_pub_decrypt(gpg('rsa.msg'), gpg('elg.sec'), 'sesame');
SELECT pgp_pub_decrypt(gpg('rsa.msg'), gpg('rsa.pub'));
SELECT pgp_pub_decrypt(gpg('rsa.pub'), gpg('rsa.sec'));
SELECT pgp_pub_encrypt('a', gpg('rsa.sec'));
SELECT pgp_pub_encrypt('a', gpg('rsa.msg'));
SELECT pgp_pub_encrypt('a', 'no key');
SELECT pgp_pub_decrypt(pgp_pub_encrypt('Grüße', gpg('rsa.pub')), gpg('rsa.sec')), pgp_pub_decrypt(pgp_pub_encrypt('Grüße', gpg('elg.pub'), 'cipher-algo=aes256, compress-algo=1'), gpg('elg.sec'), 'sesame');
SELECT pgp_pub_decrypt_bytea(pgp_pub_encrypt_bytea('\x0001', gpg('rsa.pub')), gpg('rsa.sec'));
SELECT what, pgp_key_id(gpg(what)) FROM gpg ORDER BY what COLLATE "C";
SELECT pgp_key_id('nothing');
DROP EXTENSION pgcrypto;
SELECT digest('a', 'md5');
