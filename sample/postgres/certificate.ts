/**
 * A PKCS#12 file in base64 with a throwaway EC key and a self-signed certificate, made with openssl for this sample. It opens nothing anywhere.
 *
 *     openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 36500 …
 *     openssl pkcs12 -export -keypbe AES-256-CBC -certpbe AES-256-CBC -macalg sha256 …
 */
export const certificateBase64 =
  'MIIE+QIBAzCCBK8GCSqGSIb3DQEHAaCCBKAEggScMIIEmDCCAzIGCSqGSIb3DQEHBqCCAyMwggMfAgEAMIIDGAYJKoZIhvcNAQcBMFcGCSqGSIb3DQEF' +
  'DTBKMCkGCSqGSIb3DQEFDDAcBAiVrnR3vD93lAICCAAwDAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEC9Vunk0ZgdsJnfn0Of7XKeAggKwh0vYIsFf' +
  'kAroKfZ8Uga9KDoZlIii0ZGbUveEQDx24TKDb2Ji1exnLGsRfG4PlbtP//SUgvtm2pG+iWxpjI73gX1ruWSMKTNkZARg9yZOom5A1C5do5egHU5I/aIb' +
  'cilGvvmH5dytoqg09cwFW0Ae3N0q6Y2e32RPmZwQxSg6VaaJh0+97ZbM4P1ei95wM+IJKp7lngJ5Fu0jRvQku5XpXF7wXLCtl8MW8V+YccJjnokD5vF3' +
  'XPuo9Gq3I5AIsOFjlHH9zxkOYWwldLnDx6CmYJixKNbhw0476g+KB5Ltli2SVe6cl0OCiMc1dPAbwHCjCs+8vsFmPpaoUXubHBuwtyof1i74V2RET7x0' +
  'shwHrB9w6kbnC0Vzw+OUACbNFR+BwMINuMgAl1sVLVfubuXR37Qfx5ZBYvK1tZXrl5xNsotKRTHstKd3mJFF2vHUlpxCJ7CmW1+MVepO0vRHkZZGLssk' +
  'Bv7CD8AlfelE63yJVPSSnzOHRmvmGkJMBGeMOJm/ftUtWqHwrJnQDWEB4wVm89DaAyAR9D+K5oapYxl/JSHbjKne/XFKj3htLRCvHNVzDUvRlXecsrr7' +
  'B0UyRdsK1uLVZdfLcrWYGLlcZITKaDeB9UiZK1q3dtMzgGrch89+X25uhtkR1jYM6FtB47Bzfszz3p8/JSplzl59MCZmlRw9eVrSZnbiXVUuKF2o5Pql' +
  'milfxUz2uG/hKt5gLHnEvLzlhGWfkW5m5QN8ZcWunGNwPYUsMCD9+1dTqhd4fuF26sbwrOqlcj08rxKB3YL4/U2f/DseeywtTNEddwE6YRzvehFfqiNH' +
  '4UJmGRJC37ijgDVMjCZ8o0PdoT080XCLaHJnpO7XdrnW37k/A1Vdw9mGN1YBKptpJNqPOHQgGZnQZ72mHAXYx1T3AqNHwoFtcDCCAV4GCSqGSIb3DQEH' +
  'AaCCAU8EggFLMIIBRzCCAUMGCyqGSIb3DQEMCgECoIHvMIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAgyQV6fxo6bkQICCAAwDAYIKoZI' +
  'hvcNAgkFADAdBglghkgBZQMEASoEELGTkQ+6b3z/H9fajgwPD98EgZCuPnaVDVp0M3k5xXfhP+UV+TMmGVjqEiaA5slTK4jHsuG5VFFhr6+bs/x12P5d' +
  '5lJa79IF54DUWthOIbzSQc5/6MkTk1CxxuA8UEcQqEmOivduI9g4lYP2rahs5N3mApevUm1Cg/Iasgi+Wi6fHWhJtN/aUAvRGaLUmsKlTkNg7Bkcbcwt' +
  'FHiUN+Scx+FjEhkxQjAbBgkqhkiG9w0BCRQxDh4MAHMAYQBtAHAAbABlMCMGCSqGSIb3DQEJFTEWBBRYCFsmMqc/fjXw6lVkd0zkdvYBWzBBMDEwDQYJ' +
  'YIZIAWUDBAIBBQAEIKkKyPt3uPnf3+q0D0kKi3K5O+tUviG53jsRNRZGAoXJBAjZkPMeBd4gXQICCAA=';

/** The passphrase that opens {@link certificateBase64}. */
export const certificatePassphrase = 'sample-passphrase-4711';
