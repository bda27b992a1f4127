/* SPDX-License-Identifier: BSD-2-Clause */
/* A program without a loader, as those in Go are: it is linked with -static. */
int main(void)
{
	return 0;
}
