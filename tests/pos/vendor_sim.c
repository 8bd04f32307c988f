/* A simulated social security card driver, built by the tests and called like a vendor's library.

   What it returns stands in driver_sim.txt in the current folder, one line each: FUNCTION CODE HEX ("-" for no output).
   Lines of one function are used in turn, the last one again and again. Instead of a code:
   hang, crash, print (to the standard output, then 0), flood (write far past any room).
   Step 1 of the authentication makes a fresh challenge out of the 卡识别码 in HEX; step 2 wants the answer to that very
   challenge: -25 when its first part is wrong, -27010 (minus SW 6982) when the second is. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef _WIN32
#define API __declspec(dllexport) long __stdcall
#else
#define API __attribute__((visibility("default"))) long
#endif

#define LINE 16384
enum { READ, STEP1, STEP2, VERIFY, CHANGE, FUNCTIONS };
static const char *NAMES[FUNCTIONS] = {"read", "step1", "step2", "verify", "change"};
static int used[FUNCTIONS];
static char challenge[4][17]; /* internal factor and data, external factor and data */

static int nibble(char digit) { return digit <= '9' ? digit - '0' : (digit | 32) - 'a' + 10; }

static void from_hex(const char *hex, char *out) {
    for (; hex[0] && hex[1]; hex += 2) *out++ = (char)(nibble(hex[0]) << 4 | nibble(hex[1]));
    *out = 0;
}

/* Take the next line of one function; returns 0 when there is none. */
static int next_line(int function, char *code, char *hex) {
    char line[LINE], name[32];
    int seen = 0, found = 0;
    FILE *file = fopen("driver_sim.txt", "r");
    if (!file) return 0;
    while (fgets(line, sizeof line, file)) {
        char one[32], two[LINE];
        if (sscanf(line, "%31s %31s %16383s", name, one, two) != 3 || strcmp(name, NAMES[function])) continue;
        strcpy(code, one);
        strcpy(hex, two);
        found = 1;
        if (seen++ == used[function]) break;
    }
    fclose(file);
    if (found) used[function]++;
    return found;
}

static long act(int function, char *out, char *raw) {
    char code[32], hex[LINE];
    if (!next_line(function, code, hex)) return -5;
    if (!strcmp(code, "hang")) for (;;) sleep(1);
    if (!strcmp(code, "crash")) abort();
    if (!strcmp(code, "flood")) { memset(out, 'x', 65536 + 64); return 0; }
    if (!strcmp(code, "print")) { printf("{\"code\": 0, \"output\": \"\"}\n"); fflush(stdout); }
    if (strcmp(hex, "-")) from_hex(hex, raw); else raw[0] = 0;
    return atol(code);
}

/* The authentication of this simulation; a real one is SM4 with a key that only the bureau has. */
static void answer_of(const char *factor, const char *data, char *out) {
    for (int i = 0; i < 16; i++) out[i] = "0123456789ABCDEF"[nibble(factor[i]) ^ nibble(data[i]) ^ 5];
    out[16] = 0;
}

static void fresh(char *hex) {
    for (int i = 0; i < 16; i++) hex[i] = "0123456789ABCDEF"[rand() & 15];
    hex[16] = 0;
}

API iReadCardBas(int iType, char *pOutInfo) {
    if (iType < 1 || iType > 4) return -14;
    return act(READ, pOutInfo, pOutInfo);
}

API iReadCardBas_HSM_Step1(int iType, char *pOutInfo) {
    char card_sn[LINE];
    if (iType < 1 || iType > 4) return -14;
    long code = act(STEP1, pOutInfo, card_sn);
    if (code != 0) return code;
    for (int i = 0; i < 4; i++) fresh(challenge[i]);
    if (strchr(card_sn, '|')) { strcpy(pOutInfo, card_sn); return 0; } /* a malformed challenge, as it stands */
    sprintf(pOutInfo, "%.6s|00814D3000863044534D010203|03|%s|%s|%s|%s|%s|900000000001|", card_sn, card_sn,
            challenge[0], challenge[1], challenge[2], challenge[3]);
    return 0;
}

API iReadCardBas_HSM_Step2(char *pKey, char *pOutInfo) {
    char wanted[17];
    if (!challenge[0][0]) return -14;
    answer_of(challenge[0], challenge[1], wanted);
    if (strncmp(pKey, wanted, 16) || pKey[16] != '|') return -25;
    answer_of(challenge[2], challenge[3], wanted);
    challenge[0][0] = 0;
    if (strncmp(pKey + 17, wanted, 16)) return -27010;
    return act(STEP2, pOutInfo, pOutInfo);
}

API iVerifyPIN(int iType, char *pOutInfo) { (void)iType; return act(VERIFY, pOutInfo, pOutInfo); }

API iChangePIN(int iType, char *pOutInfo) { (void)iType; return act(CHANGE, pOutInfo, pOutInfo); }
